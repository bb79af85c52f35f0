import { z } from 'zod';

const FORM = 'redis://user:password@host:6379';
const ENCODE = 'percent-encode special characters of user and password (such as %40 for @, %2F for /)';

/**
 * What is wrong with a URL of Redis, as the end of a sentence about its variable; null if it can be used. Repeats
 * nothing of the URL: in a malformed one, any part may belong to the password.
 */
export function redisUrlFault(value: string): string | null {
  if (!/^rediss?:\/\//i.test(value)) return 'must be a URL starting with redis:// or rediss://';
  if (!URL.canParse(value)) return `must be a URL such as ${FORM}: ${ENCODE}`;
  const { hostname, pathname, search, hash, username, password } = new URL(value);
  if (hostname === '') return `must name a host, such as ${FORM}`;
  if (search !== '' || hash !== '')
    return 'must have no parameters and no fragment: write ? and # of the password as %3F and %23';
  if (!/^\/?\d{0,5}$/.test(pathname))
    return 'must end with the port or a database number such as /0: write / of the password as %2F';
  if (!isEncoded(username) || !isEncoded(password))
    return 'must have user and password percent-encoded: write % itself as %25';
  return null;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

export const redisUrl = z.string().superRefine((value, context) => {
  const fault = redisUrlFault(value);
  if (fault !== null) context.addIssue(fault);
});

/** A host and port, without brackets around an IPv6 address. */
export interface HostAndPort {
  host: string;
  port: number;
}

/** A comma-separated list of `host:port`; without a port, `defaultPort`. */
export function hostsAndPorts(defaultPort: number) {
  return z.string().transform((value, context): HostAndPort[] => {
    const hosts = value.split(',').map((part) => hostAndPort(part.trim(), defaultPort));
    if (!hosts.includes(null)) return hosts as HostAndPort[];
    context.addIssue(`must be a comma-separated list of host:port, such as a.example:${String(defaultPort)}`);
    return z.NEVER;
  });
}

function hostAndPort(text: string, defaultPort: number): HostAndPort | null {
  const [, address, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = address ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? null : { host, port: number };
}
