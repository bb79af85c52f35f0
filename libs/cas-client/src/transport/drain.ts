import type { Readable } from 'node:stream';
import { readCapped } from './read-capped.js';

const DRAIN_MS = 1000;

/**
 * Reads an unused body to its end in the background, so that its connection can be reused. If that takes more than one
 * second or `maxBytes`, the connection is closed instead.
 */
export function drain(body: Readable, maxBytes: number): void {
  const timer = setTimeout(() => body.destroy(), DRAIN_MS).unref();
  void readCapped(body, maxBytes)
    .catch(() => undefined)
    .finally(() => {
      clearTimeout(timer);
    });
}
