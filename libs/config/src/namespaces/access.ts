import { API_KEY } from '@app/kernel';
import { z } from 'zod';
import { defineNamespace, onOff, whole } from './namespace.js';

/** Sample keys written by hand repeat characters; 43 random ones, even hex digits, have at least 8 distinct ones. */
const looksRandom = (key: string): boolean => new Set(key.split('_')[2]).size >= 8;

export const access = defineNamespace({
  title: 'Callers',
  variables: {
    BOOTSTRAP_API_KEY: {
      schema: z
        .string()
        .regex(
          API_KEY,
          'must be wtk_<id>_<secret>: id 4 to 16 characters of a-z0-9, secret 43 to 128 characters of A-Za-z0-9',
        )
        .refine(looksRandom, 'must contain a random secret, not a sample')
        .optional(),
      description: 'Bootstrap API key with all scopes, created at startup if missing. Once revoked, it stays revoked.',
      secret: true,
      recipe: 'echo "wtk_$(openssl rand -hex 4)_$(openssl rand -hex 32)"',
    },
    BOOTSTRAP_API_KEY_REPLACE: {
      schema: onOff,
      description:
        'What happens if the database has a key with the id of BOOTSTRAP_API_KEY and another secret: off stops the start, on replaces that secret.',
      default: 'off',
    },
    MAX_FAILED_CREDENTIALS: {
      schema: whole(1, 1_000_000),
      description:
        'Maximum number of failed authentications per client address and minute; above this, unknown credentials are rejected without being checked.',
      default: '300',
    },
  },
  settings: (values) => ({
    bootstrapKey: values.BOOTSTRAP_API_KEY,
    replaceBootstrapKey: values.BOOTSTRAP_API_KEY_REPLACE,
    maxFailed: values.MAX_FAILED_CREDENTIALS,
  }),
});
