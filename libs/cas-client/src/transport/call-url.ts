import type { Product } from '@app/kernel';

/** The final slash belongs to the path: without it the vendor answers with a redirect. */
const PATHS: Record<Product, string> = {
  stream: '/stream/token/v2/',
  sync: '/sync/token/',
};

/** The URL of one product's call, below a base that may have a path of its own. */
export function callUrl(base: string, product: Product): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + PATHS[product];
  url.search = '';
  url.hash = '';
  return url;
}
