/** Names the cipher and the associated data; another one gets another version. */
export const VERSION = 'v1';

/** The text that stands in the row, taken apart. */
export interface Envelope {
  keyId: string;
  iv: Buffer;
  /** Ciphertext, followed by the tag. */
  box: Buffer;
}

export function formatEnvelope({ keyId, iv, box }: Envelope): string {
  return [VERSION, keyId, iv.toString('base64url'), box.toString('base64url')].join('.');
}

/** `undefined` for anything that `formatEnvelope` could not have written. */
export function parseEnvelope(sealed: string): Envelope | undefined {
  const [version, keyId, iv, box, ...rest] = sealed.split('.');
  if (version !== VERSION || keyId === undefined || iv === undefined || box === undefined || rest.length > 0) {
    return undefined;
  }
  const envelope = { keyId, iv: Buffer.from(iv, 'base64url'), box: Buffer.from(box, 'base64url') };
  // Node decodes base64 leniently: without this, several texts would open as one token.
  return /^[A-Za-z0-9_-]{1,32}$/.test(keyId) && formatEnvelope(envelope) === sealed ? envelope : undefined;
}
