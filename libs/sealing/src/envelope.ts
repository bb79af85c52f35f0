/** Identifies the cipher and the format of the associated data; a change of either needs a new version. */
export const VERSION = 'v1';

/** The parts of a stored sealed token. */
export interface Envelope {
  keyId: string;
  iv: Buffer;
  /** Ciphertext followed by the authentication tag. */
  box: Buffer;
}

export function formatEnvelope({ keyId, iv, box }: Envelope): string {
  return [VERSION, keyId, iv.toString('base64url'), box.toString('base64url')].join('.');
}

/** Returns `undefined` for anything that `formatEnvelope` cannot produce. */
export function parseEnvelope(sealed: string): Envelope | undefined {
  const [version, keyId, iv, box, ...rest] = sealed.split('.');
  if (version !== VERSION || keyId === undefined || iv === undefined || box === undefined || rest.length > 0) {
    return undefined;
  }
  const envelope = { keyId, iv: Buffer.from(iv, 'base64url'), box: Buffer.from(box, 'base64url') };
  // Node decodes base64 leniently: without this check, several texts would open as the same token.
  const isCanonical = envelope.iv.toString('base64url') === iv && envelope.box.toString('base64url') === box;
  return isCanonical && /^[A-Za-z0-9_-]{1,32}$/.test(keyId) ? envelope : undefined;
}
