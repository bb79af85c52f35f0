import type { Product } from '@app/kernel';

/** The trailing slash is required: without it the vendor responds with a redirect. */
const PATHS: Record<Product, string> = {
  stream: '/stream/token/v2/',
  sync: '/sync/token/',
  chat: '/public-chat/token/',
};

/**
 * The URL of the token call of a product. The base URL may have a path.
 *
 * @param sub the user whom a chat token is for; null for other products
 */
export function callUrl(base: string, product: Product, sub: string | null = null): URL {
  const url = new URL(base);
  url.pathname = withoutTrailingSlashes(url.pathname) + PATHS[product];
  // %20, not +, which is a space only in forms.
  url.search = sub === null ? '' : `sub=${encodeURIComponent(sub)}`;
  url.hash = '';
  return url;
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}
