import { readFileSync } from 'node:fs';

/** What stands in the file of a secret, without the line break at its end; null if it cannot be read. */
export function readSecretFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
