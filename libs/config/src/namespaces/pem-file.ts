import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';

const BEGINS = {
  certificate: /^-----BEGIN (?:TRUSTED )?CERTIFICATE-----/m,
  key: /^-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/m,
};

/** The path of a PEM file with certificates or an unencrypted private key. Its content is checked, and read again later. */
export function pemFile(content: keyof typeof BEGINS) {
  return z.string().superRefine((path, context) => {
    const text = contentOf(path);
    if (text === null) context.addIssue('must be the path of a readable file');
    else if (!BEGINS[content].test(text))
      context.addIssue(`must be a PEM file with ${content === 'key' ? 'an unencrypted private key' : 'certificates'}`);
  });
}

/** Whether a private key belongs to the (first) certificate. */
export function belongTogether(certificatePath: string, keyPath: string): boolean {
  try {
    createSecureContext({ cert: readFileSync(certificatePath), key: readFileSync(keyPath) });
    return true;
  } catch {
    return false;
  }
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
