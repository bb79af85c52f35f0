import { VENDOR_TEXT } from './vendor-text.js';

const HUGE_BYTES = 200 * 1000 * 1000;
const CHUNK = 'a'.repeat(64 * 1024);

/** A page as a load balancer would write it. */
export function errorPage(status: number): string {
  return `<html><head><title>${status}</title></head><body><h1>${status}</h1><p>${VENDOR_TEXT}</p></body></html>`;
}

/** The beginning of a good reply with a token of 200 MB, so that whoever waits for its end keeps it all. */
export function* hugeBody(): Generator<string> {
  yield `{"token":"${VENDOR_TEXT}`;
  for (let sent = 0; sent < HUGE_BYTES; sent += CHUNK.length) yield CHUNK;
  yield '"}';
}
