import { z } from 'zod';
import { url } from './namespace.js';

/** Sent verbatim in a header: a value that a header cannot carry would fail every call. */
export const HEADER_TEXT = /^[\x21-\x7e]+$/;

export const headerText = z.string().regex(HEADER_TEXT, 'must be printable ASCII without spaces');

/** One place where CAS can be called, with the credentials that it alone is given. */
export interface CasEndpointSettings {
  /** In metrics, logs, timelines and `sessions.cas_endpoint`: the given one, or host and port of the URL. */
  name: string;
  url: string;
  apiKey: string;
  apiSecret: string;
}

const MAX_ENDPOINTS = 10;

const NAME = /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,63}$/;

const entry = z.strictObject({
  name: z.string().regex(NAME, 'must be 1 to 64 characters of letters, digits and . : _ -').optional(),
  url: url('http:', 'https:'),
  key: headerText,
  secret: headerText,
});

/**
 * `CAS_ENDPOINTS`: a JSON list in order of preference. Faults name the entry and the field, never a value.
 */
export const casEndpoints = z.string().transform((text, context): CasEndpointSettings[] => {
  const fault = (message: string): never => {
    context.addIssue(message);
    return z.NEVER;
  };
  const list = z.array(z.unknown()).min(1).max(MAX_ENDPOINTS).safeParse(parsed(text));
  if (!list.success) return fault(`must be a JSON list of 1 to ${String(MAX_ENDPOINTS)} endpoints`);
  const endpoints: CasEndpointSettings[] = [];
  for (const [index, one] of list.data.entries()) {
    const read = entry.safeParse(one);
    if (!read.success) return fault(`must be valid: entry ${String(index + 1)} ${entryFault(read.error.issues)}`);
    const { name, url: base, key, secret } = read.data;
    endpoints.push({ name: name ?? new URL(base).host, url: base, apiKey: key, apiSecret: secret });
  }
  const names = new Set(endpoints.map(({ name }) => name));
  return names.size === endpoints.length ? endpoints : fault('must have a name of its own for each endpoint');
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function entryFault(issues: readonly { code: string; message: string; path: PropertyKey[] }[]): string {
  const [issue] = issues;
  const field = issue?.path.map(String).join('.') ?? '';
  if (field === '') return 'must be an object with url, key and secret, and name if you like, and nothing else';
  return issue?.message.startsWith('must') === true ? `${field} ${issue.message}` : `${field} must be a text`;
}

/** Endpoints that production does not permit, by name: plain http, unless their host is loopback. */
export function insecureEndpoints(endpoints: readonly CasEndpointSettings[]): string[] {
  return endpoints.filter(({ url: base }) => !isSecure(new URL(base))).map(({ name }) => name);
}

export function isSecure({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
