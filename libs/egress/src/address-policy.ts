import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { CodedError } from '@app/kernel';
import ipaddr from 'ipaddr.js';
import { lookUpHost, resolveHost } from './resolve-host.js';

/** All addresses of a host name. */
export type Resolver = (hostname: string) => Promise<LookupAddress[]>;

/** The target may not be called. The message does not name its address: owners of endpoints may see the message. */
export class AddressRefusedError extends CodedError {
  readonly code = 'address-refused';

  constructor() {
    super('only https to public addresses is permitted');
  }
}

/** All of IPv6 that is assigned to hosts; the rest is reserved, or embeds IPv4 in a form that ipaddr.js does not know. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/**
 * Protects against requests to internal services (SSRF): only public addresses, and those that operators allow. A name
 * is resolved once for each connection, all its addresses are checked, and the connection goes to what was checked.
 */
export class AddressPolicy {
  private readonly hosts: ReadonlySet<string>;
  private readonly networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];

  /**
   * @param allow host names, addresses and networks that may be called all the same, also over plain http
   * @param resolverOfHosts of the host names in `allow`
   */
  constructor(
    allow: readonly string[],
    private readonly resolver: Resolver = resolveHost,
    private readonly resolverOfHosts: Resolver = lookUpHost,
  ) {
    this.hosts = new Set(allow.filter((entry) => isIP(entry) === 0 && !entry.includes('/')));
    this.networks = allow.filter((entry) => !this.hosts.has(entry)).map(parseNetwork);
  }

  /** Whether the target is called without any check: its host, as a name or an address, is allowed by operators. */
  isExempt({ hostname }: URL): boolean {
    const host = bare(hostname);
    return this.hosts.has(host) || (isIP(host) !== 0 && this.isAllowed(ipaddr.parse(host)));
  }

  /** Whether the target is given by an address to which nothing may be sent. A name is judged when it is resolved. */
  isRefused({ hostname }: URL): boolean {
    const host = bare(hostname);
    return isIP(host) !== 0 && !this.permits(host);
  }

  /** Why a URL may not be called, as the end of a sentence about it; null if it may. */
  faultOf(target: URL): string | null {
    const isHttp = target.protocol === 'http:';
    if (!isHttp && target.protocol !== 'https:') return 'must be an https URL';
    if (this.isExempt(target)) return null;
    if (isHttp) return 'must be an https URL';
    return this.isRefused(target) ? 'must not lead to an address that is not public' : null;
  }

  /** The addresses of a host, all of them checked. @throws AddressRefusedError, or the error of the resolution */
  async resolve(hostname: string): Promise<LookupAddress[]> {
    const host = bare(hostname);
    const family = isIP(host);
    if (this.hosts.has(host)) return this.resolverOfHosts(host);
    const addresses = family === 0 ? await this.resolver(host) : [{ address: host, family }];
    const permitted = addresses.length > 0 && addresses.every(({ address }) => this.permits(address));
    if (!permitted) throw new AddressRefusedError();
    return addresses;
  }

  /** For sockets, in place of `dns.lookup`. Sockets do not look up addresses: see `isRefused`. */
  readonly lookup: LookupFunction = (hostname, { all }, callback) => {
    this.resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (all === true || first === undefined) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error as Error, []);
      },
    );
  };

  private permits(address: string): boolean {
    // Without the zone of a link-local address.
    const [text = ''] = address.split('%');
    if (!ipaddr.isValid(text)) return false;
    const parsed = ipaddr.parse(text);
    return isPublic(parsed) || this.isAllowed(parsed);
  }

  private isAllowed(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
    return this.networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  }
}

/** Not taken apart: an IPv4-mapped address, NAT64 and 6to4 are refused whatever they lead to. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(...GLOBAL_IPV6);
}

function parseNetwork(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry);
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** As it is looked up and compared: `[::1]` and `EXAMPLE.com.` are `::1` and `example.com`. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
