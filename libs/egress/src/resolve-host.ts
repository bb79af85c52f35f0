import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';

/** Of one question to one DNS server, in ms, and how often it is asked. */
const TIMEOUT_MS = 2000;
const TRIES = 2;

/**
 * The addresses of a host name, asked from DNS without a thread: a name whose servers are silent would otherwise hold one
 * of the few that resolve all other names of this process. Hosts files and search domains are not read.
 *
 * @throws an error with the code ENOTFOUND, or EAI_AGAIN if DNS gives no answer
 */
export async function resolveHost(hostname: string): Promise<LookupAddress[]> {
  // A new one each time: it reads the servers of this machine, which may change.
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = [
    ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
    ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
  ];
  if (addresses.length > 0) return addresses;
  const codes = [four, six].map((one) => (one.status === 'rejected' ? (one.reason as { code?: string }).code : ''));
  const isUnknown = codes.some((code) => code === 'ENOTFOUND' || code === 'ENODATA');
  throw Object.assign(new Error('host name not resolved'), { code: isUnknown ? 'ENOTFOUND' : 'EAI_AGAIN' });
}

/** The addresses of a host that operators have named: as everything else on this machine finds them. */
export function lookUpHost(hostname: string): Promise<LookupAddress[]> {
  return lookup(hostname, { all: true });
}
