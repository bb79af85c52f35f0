import { API_KEY } from '@app/kernel';
import { z } from 'zod';
import { defineNamespace, whole } from './namespace.js';

/** A key written by hand into an example repeats itself; 43 random characters, hex or digits included, do not. */
const looksRandom = (key: string): boolean => new Set(key.split('_')[2]).size >= 8;

export const access = defineNamespace({
  title: 'Callers',
  variables: {
    BOOTSTRAP_API_KEY: {
      schema: z
        .string()
        .regex(API_KEY, 'must be wtk_<id>_<secret>: id 4 to 16 of a-z0-9, secret 43 to 128 of A-Za-z0-9')
        .refine(looksRandom, 'must have a random secret, not a sample')
        .optional(),
      description: 'An API key with every scope that is made sure to exist. Once revoked it stays revoked.',
      secret: true,
    },
    MAX_FAILED_CREDENTIALS: {
      schema: whole(1, 1_000_000),
      description:
        'Wrong credentials that one address may send in a minute; beyond it those that are not known are refused unseen.',
      default: '300',
    },
  },
  settings: (values) => ({ bootstrapKey: values.BOOTSTRAP_API_KEY, maxFailed: values.MAX_FAILED_CREDENTIALS }),
});
