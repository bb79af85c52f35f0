import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
/** Whether a rule covers a host, given as a name in lower case or as an address. */
type Rule = (name: string, address: Address | undefined) => boolean;

const DEFAULT_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };
/** `host:8443` and `[::1]:8443`, but not `::1`. */
const WITH_PORT = /^(\[[^\]]*\]|[^:]*):(\d+)$/;

/**
 * Which targets are called without the proxy, as `NO_PROXY` lists them; undici's own reading knows no networks. Names
 * cover their subdomains, with or without a leading dot. Names are not resolved: a network covers only targets that are
 * given by address. Entries of any other form cover nothing.
 */
export function noProxyMatcher(list: string): (target: URL) => boolean {
  const rules = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(parseEntry);
  return (target) => {
    const host = withoutDot(unbracketed(target.hostname.toLowerCase()));
    const port = target.port === '' ? DEFAULT_PORTS[target.protocol] : target.port;
    const address = addressOf(host);
    return rules.some((rule) => (rule.port === undefined || rule.port === port) && rule.covers(host, address));
  };
}

/** Targets on this machine: no proxy can reach them. */
export function isLoopbackTarget({ hostname }: URL): boolean {
  const host = withoutDot(unbracketed(hostname.toLowerCase()));
  return host === 'localhost' || host.endsWith('.localhost') || addressOf(host)?.range() === 'loopback';
}

function parseEntry(entry: string): { port: string | undefined; covers: Rule } {
  const [, host = entry, port] = WITH_PORT.exec(entry) ?? [];
  return { port, covers: parseHost(unbracketed(host)) };
}

function parseHost(host: string): Rule {
  if (host === '*') return () => true;
  if (ipaddr.isValidCIDR(host)) {
    const [network, bits] = ipaddr.parseCIDR(host);
    return (_name, address) => address?.kind() === network.kind() && address.match(network, bits);
  }
  const own = addressOf(host);
  if (own !== undefined) return (_name, address) => address?.toString() === own.toString();
  const name = withoutDot(host.replace(/^\*?\./, ''));
  return (other, address) => name !== '' && address === undefined && (other === name || other.endsWith(`.${name}`));
}

/** IPv4-mapped addresses are taken as IPv4. */
function addressOf(host: string): Address | undefined {
  return ipaddr.isValid(host) && (host.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(host))
    ? ipaddr.process(host)
    : undefined;
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** `example.com.` is `example.com`. */
function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
