import { VENDOR_TEXT } from './vendor-text.js';

const HUGE_BYTES = 200 * 1000 * 1000;
const CHUNK = 'a'.repeat(64 * 1024);

/** An HTML error page as a load balancer would send it. */
export function errorPage(status: number): string {
  return `<html><head><title>${status}</title></head><body><h1>${status}</h1><p>${VENDOR_TEXT}</p></body></html>`;
}

/** A well-formed response whose token is 200 MB long: a client that reads to the end buffers all of it. */
export function* hugeBody(): Generator<string> {
  yield `{"token":"${VENDOR_TEXT}`;
  for (let sent = 0; sent < HUGE_BYTES; sent += CHUNK.length) yield CHUNK;
  yield '"}';
}
