import { readFileSync } from 'node:fs';

/** The content of a secret file, trimmed; null if the file cannot be read. */
export function readSecretFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
