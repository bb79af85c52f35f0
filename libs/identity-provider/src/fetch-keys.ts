import { isLoopback } from '@app/config';
import { type Egress, type EgressClient, egressCause, ReplyTooLargeError } from '@app/egress';
import { endpoint } from '@app/kernel';
import { z } from 'zod';
import { IdentityProviderError } from './identity-provider-error.js';
import { usableKeys, type VerificationKey } from './usable-keys.js';

export interface IdentityProviderSettings {
  issuer: string;
  /** Undefined: named by the issuer's discovery document. */
  jwksUrl: string | undefined;
}

export interface FetchedKeys {
  /** At least one. */
  keys: VerificationKey[];
  /** Entries of the set that cannot be used. */
  skipped: number;
  /** Where the set was read. */
  url: string;
}

/** Of both requests together, in ms. */
const TIMEOUT_MS = 2000;
const MAX_BYTES = 256 * 1024;

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const keySet = z.object({ keys: z.array(z.unknown()) });

/** The client for `fetchKeys`. */
export function identityProviderClient(egress: Egress): EgressClient {
  return egress.client({ timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
}

/**
 * Reads the public keys of an identity provider, through its discovery document unless their address is configured.
 *
 * @throws IdentityProviderError
 */
export async function fetchKeys(client: EgressClient, settings: IdentityProviderSettings): Promise<FetchedKeys> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const url = settings.jwksUrl ?? (await discoverKeys(client, settings.issuer, signal));
  const set = keySet.safeParse(await fetchJson(client, url, signal));
  if (!set.success) throw new IdentityProviderError('refused', `${placeOf(url)} is not a JSON Web Key Set`);
  const entries = set.data.keys;
  const keys = usableKeys(entries);
  if (keys.length === 0) {
    const what = entries.length === 0 ? 'is empty' : `holds no usable key among ${String(entries.length)}`;
    throw new IdentityProviderError('no-usable-key', `the key set ${placeOf(url)} ${what}`);
  }
  return { keys, skipped: entries.length - keys.length, url };
}

/** The address of the keys, from the issuer's discovery document. */
async function discoverKeys(client: EgressClient, issuer: string, signal: AbortSignal): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = discoveryDocument.safeParse(await fetchJson(client, url, signal));
  const refused = (what: string) => new IdentityProviderError('refused', `${placeOf(url)} ${what}`);
  if (!found.success) throw refused('is not a discovery document with issuer and jwks_uri');
  const { issuer: named, jwks_uri: keysUrl } = found.data;
  // RFC 8414, 3.3: a document of another issuer must not be used.
  if (named !== issuer) throw refused(`names another issuer than OIDC_ISSUER${shown(named)}`);
  if (!isAsSecure(keysUrl, issuer))
    throw refused(`names a jwks_uri less secure than the issuer, on ${endpoint(keysUrl)}`);
  return keysUrl;
}

/** Keys come over https, or from this machine if the issuer is here too: they cannot be replaced in transit. */
function isAsSecure(url: string, issuer: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (issuer.startsWith('http:') && protocol === 'http:' && isLoopback(hostname));
}

/** Redirects are not followed: keys come only from the configured URL. */
async function fetchJson(client: EgressClient, url: string, signal: AbortSignal): Promise<unknown> {
  const place = placeOf(url);
  const headers = { accept: 'application/json' };
  const { status, text } = await client.send(url, { headers, signal }).catch((error: unknown) => {
    if (error instanceof ReplyTooLargeError)
      throw new IdentityProviderError('refused', `${place} answered with more than ${String(MAX_BYTES / 1024)} KiB`);
    throw new IdentityProviderError('unavailable', `${place} is unreachable (${egressCause(error)})`);
  });
  if (status !== 200) {
    const code = status >= 500 || status === 429 ? 'unavailable' : 'refused';
    throw new IdentityProviderError(code, `${place} answered with status ${String(status)}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new IdentityProviderError('refused', `${place} did not answer with JSON`);
  }
}

/** Host, port and path, without credentials and query. */
function placeOf(url: string): string {
  return `${endpoint(url)}${new URL(url).pathname}`;
}

/** The difference is often a slash. Only what can be an issuer is repeated. */
function shown(issuer: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(issuer) ? `: ${issuer}` : '';
}
