import type { VendorProduct } from '../vendor/vendor-product.js';

/** A token call, parsed from its URL. */
export interface TokenRequest {
  /** The path to record: without the query for chat, since it names the user. */
  loggedPath: string;
  /** The user a chat token is for; undefined for other products, and for a chat call that is not valid. */
  sub: string | undefined;
  /** Where to redirect a path without its trailing slash. */
  redirectTo: string | undefined;
  /** Why the call is a bad request. */
  error: string | undefined;
}

/** Parses the URL of a token call. Chat requires exactly one `sub` that is not empty; other products ignore the query. */
export function parseTokenRequest(product: VendorProduct, url: string): TokenRequest {
  const { pathname, search, searchParams } = new URL(url, 'http://sandbox');
  const redirectTo = pathname.endsWith('/') ? undefined : `${pathname}/${search}`;
  if (product !== 'chat') return { loggedPath: url, sub: undefined, redirectTo, error: undefined };
  const [sub = '', ...others] = searchParams.getAll('sub');
  const error = sub === '' ? 'sub is missing' : others.length > 0 ? 'sub is ambiguous' : undefined;
  return { loggedPath: pathname, sub: error === undefined ? sub : undefined, redirectTo, error };
}
