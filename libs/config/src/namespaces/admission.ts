import { z } from 'zod';
import { secureUrl, defineNamespace, whole } from './namespace.js';

/** As Standard Webhooks has it: 24 to 64 bytes in base64, with or without `whsec_`. */
function isWebhookSecret(value: string): boolean {
  const encoded = value.replace(/^whsec_/, '');
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded;
}

/** The customer's own logic, behind a URL of theirs. */
export const admission = defineNamespace({
  title: "Admission: the customer's own logic",
  variables: {
    ADMISSION_URL: {
      schema: secureUrl.optional(),
      description:
        'Is asked for every open, every reply with tokens, and every close. Without it: scopes alone decide.',
    },
    ADMISSION_SECRET: {
      schema: z
        .string()
        .refine(isWebhookSecret, { error: 'must be base64 of 24 to 64 bytes, with or without whsec_ before it' })
        .optional(),
      description: 'Signs the questions (Standard Webhooks). Goes with ADMISSION_URL. One: openssl rand -base64 32',
      secret: true,
    },
    ADMISSION_TIMEOUT_MS: {
      schema: whole(10, 30_000),
      description: 'How long an answer may take, in ms. No answer in time is 503: nobody is let in unasked.',
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
