import { z } from 'zod';
import { defineNamespace } from './namespace.js';

export interface SealingKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** Constant bytes, an arithmetic sequence, or printable text. Random keys look like this less than once in 10^13. */
function looksLikeSample(key: Buffer): boolean {
  const steps = new Set(key.subarray(1).map((byte, i) => byte - (key[i] ?? 0)));
  return steps.size === 1 || key.every((byte) => byte >= 0x20 && byte < 0x7f);
}

/** The format of `TOKEN_ENCRYPTION_KEYS`. Its messages hold no part of the value. */
export const keyRing = z.string().transform((value, context): SealingKey[] => {
  const keys: SealingKey[] = [];
  for (const entry of value.split(',').map((part) => part.trim())) {
    const colon = entry.indexOf(':');
    const id = entry.slice(0, Math.max(colon, 0));
    const encoded = entry.slice(colon + 1);
    const key = Buffer.from(encoded, 'base64');
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(id) || !/^[A-Za-z0-9+/]{43}=$/.test(encoded) || key.length !== 32) {
      context.addIssue('must be a comma-separated list of <key id>:<base64 of 32 bytes>');
      return z.NEVER;
    }
    if (keys.some((other) => other.id === id)) {
      context.addIssue('must not contain the same key id twice');
      return z.NEVER;
    }
    if (looksLikeSample(key)) {
      context.addIssue('must contain random keys: one of them is a sample');
      return z.NEVER;
    }
    keys.push({ id, key });
  }
  return keys;
});

export const sealing = defineNamespace({
  title: 'Tokens at rest',
  variables: {
    TOKEN_ENCRYPTION_KEYS: {
      schema: keyRing,
      description:
        'Key ring, comma-separated <key id>:<base64 of 32 bytes>: the first key encrypts, all of them decrypt. To rotate, add a key with a new id.',
      secret: true,
      recipe: 'echo "k1:$(openssl rand -base64 32)"',
    },
  },
  settings: (values, _context, files) => ({
    keys: values.TOKEN_ENCRYPTION_KEYS,
    /** The file they were read from, if any: reread when it changes. */
    keysFile: files.TOKEN_ENCRYPTION_KEYS,
  }),
});
