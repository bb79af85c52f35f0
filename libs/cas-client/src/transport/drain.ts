import type { Readable } from 'node:stream';
import { readCapped } from './read-capped.js';

const DRAIN_MS = 1000;

/**
 * Lets a body that nobody wants run out, so that its connection can be used again. Nobody waits for it; one that takes
 * longer than a second, or is longer than `maxBytes`, is cut together with its connection.
 */
export function drain(body: Readable, maxBytes: number): void {
  const timer = setTimeout(() => body.destroy(), DRAIN_MS).unref();
  void readCapped(body, maxBytes)
    .catch(() => undefined)
    .finally(() => {
      clearTimeout(timer);
    });
}
