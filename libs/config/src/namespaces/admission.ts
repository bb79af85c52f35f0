import { z } from 'zod';
import { secureUrl, defineNamespace, whole } from './namespace.js';

/** The secret format of Standard Webhooks: 24 to 64 bytes in base64, optionally prefixed with `whsec_`. */
function isWebhookSecret(value: string): boolean {
  const encoded = value.replace(/^whsec_/, '');
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded;
}

/** The customer's admission service. */
export const admission = defineNamespace({
  title: "Admission: the customer's authorization service",
  variables: {
    ADMISSION_URL: {
      schema: secureUrl.optional(),
      description:
        'Admission service, called for every open, every response with tokens, and every close. If unset, scopes alone decide.',
    },
    ADMISSION_SECRET: {
      schema: z
        .string()
        .refine(isWebhookSecret, {
          error: 'must be the base64 encoding of 24 to 64 bytes, optionally prefixed with whsec_',
        })
        .optional(),
      description: 'Signs admission requests (Standard Webhooks). Required with ADMISSION_URL.',
      secret: true,
      recipe: 'echo "whsec_$(openssl rand -base64 32)"',
    },
    ADMISSION_TIMEOUT_MS: {
      schema: whole(10, 30_000),
      description: 'Timeout of one admission request, in ms. On timeout the request fails with 503 (fail closed).',
      default: '1000',
    },
  },
  faults: (values) =>
    (values.ADMISSION_URL === undefined) === (values.ADMISSION_SECRET === undefined)
      ? []
      : ['ADMISSION_URL and ADMISSION_SECRET must be set together'],
  settings: (values) =>
    values.ADMISSION_URL === undefined || values.ADMISSION_SECRET === undefined
      ? null
      : { url: values.ADMISSION_URL, secret: values.ADMISSION_SECRET, timeoutMs: values.ADMISSION_TIMEOUT_MS },
});
