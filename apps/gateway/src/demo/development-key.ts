import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The development API key, given once to the page that brings the secret of the link that `npm start` has printed. An
 * address, a Host or an Origin proves nothing: proxies, tunnels and other users of this machine have them too.
 */
export class DevelopmentKey {
  private secret: Buffer | undefined;

  constructor(
    private readonly key: string | undefined,
    linkSecret: string | undefined,
  ) {
    if (linkSecret !== undefined) this.secret = digestOf(linkSecret);
  }

  /** The key, the first time it is asked for with the right secret; else null. */
  exchange(secret: unknown): string | null {
    if (this.key === undefined || this.secret === undefined || typeof secret !== 'string') return null;
    if (!timingSafeEqual(digestOf(secret), this.secret)) return null;
    this.secret = undefined;
    return this.key;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
