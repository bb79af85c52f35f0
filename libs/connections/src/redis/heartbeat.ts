import type { Redis } from 'ioredis';

const BEAT_MS = 500;
/** A connection on which nothing arrives for this long is replaced, in ms. Longer than a blocked worker waits. */
const SILENT_MS = 2500;

/**
 * Sends a command twice a second, and replaces a connection on which nothing arrives, not even an error: firewalls and
 * dead hosts drop connections without a word, and TCP notices it after minutes.
 *
 * @param beat the command; its outcome does not matter
 * @returns a function that stops it
 */
export function keepAlive(client: Redis, beat: () => Promise<unknown>): () => void {
  let received = -1;
  let since = 0;
  let lastBeat = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // After this process itself was frozen, what arrived meanwhile has not been read yet.
    const wasFrozen = now - lastBeat > 2 * BEAT_MS;
    lastBeat = now;
    const isConnected = client.status === 'connect' || client.status === 'ready';
    if (!isConnected || wasFrozen || client.stream.bytesRead !== received) {
      since = now;
      received = isConnected ? client.stream.bytesRead : -1;
    }
    if (now - since > SILENT_MS) client.stream.destroy(new Error('Socket timeout: nothing received'));
    else if (client.status === 'ready') beat().catch(() => undefined);
  }, BEAT_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
