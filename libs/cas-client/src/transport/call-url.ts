import type { Product } from '@app/kernel';

/** The trailing slash is required: without it the vendor responds with a redirect. */
const PATHS: Record<Product, string> = {
  stream: '/stream/token/v2/',
  sync: '/sync/token/',
};

/** The URL of the token call of a product. The base URL may have a path. */
export function callUrl(base: string, product: Product): URL {
  const url = new URL(base);
  url.pathname = withoutTrailingSlashes(url.pathname) + PATHS[product];
  url.search = '';
  url.hash = '';
  return url;
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}
