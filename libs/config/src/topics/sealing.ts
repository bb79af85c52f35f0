import { z } from 'zod';
import { topic } from '../topic.js';

export interface SealingKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

const keyRing = z.string().transform((value, context): SealingKey[] => {
  const keys: SealingKey[] = [];
  for (const entry of value.split(',').map((part) => part.trim())) {
    const colon = entry.indexOf(':');
    const id = entry.slice(0, Math.max(colon, 0));
    const encoded = entry.slice(colon + 1);
    const key = Buffer.from(encoded, 'base64');
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(id) || !/^[A-Za-z0-9+/]{43}=$/.test(encoded) || key.length !== 32) {
      context.addIssue('must be <key id>:<base64 of 32 bytes>, several separated by commas');
      return z.NEVER;
    }
    if (keys.some((other) => other.id === id)) {
      context.addIssue('must not name one key id twice');
      return z.NEVER;
    }
    if (key.every((byte) => byte === key[0])) {
      context.addIssue('must be random: a key of equal bytes is a sample');
      return z.NEVER;
    }
    keys.push({ id, key });
  }
  return keys;
});

export const sealing = topic({
  title: 'Tokens at rest',
  variables: {
    TOKEN_ENCRYPTION_KEYS: {
      schema: keyRing,
      about:
        'The key ring, <key id>:<base64 of 32 bytes>, comma-separated: the first key encrypts, all of them open. A key: openssl rand -base64 32',
      secret: true,
    },
  },
  settings: (values) => ({ keys: values.TOKEN_ENCRYPTION_KEYS }),
});
