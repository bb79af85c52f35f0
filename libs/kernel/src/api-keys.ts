import { hash } from 'node:crypto';
import { customAlphabet } from 'nanoid';

const LOWER = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `wtk_<id>_<secret>`: the id identifies the row, the secret has at least 256 bits of entropy. */
export const API_KEY = /^wtk_([a-z0-9]{4,16})_([A-Za-z0-9]{43,128})$/;

const newId = customAlphabet(LOWER, 8);
/** 48 characters of a 62-character alphabet: 285 bits. */
const newSecret = customAlphabet(`${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`, 48);

/** The stored part of an API key. */
export interface ParsedApiKey {
  id: string;
  /** A plain hash is enough, since a high-entropy secret cannot be guessed. */
  secretSha256: Buffer;
}

/** Generates a key, in clear text. */
export function newApiKey(): string {
  return `wtk_${newId()}_${newSecret()}`;
}

/** Returns null if `text` is not an API key. */
export function parseApiKey(text: string): ParsedApiKey | null {
  const [, id, secret] = API_KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined) return null;
  return { id, secretSha256: hash('sha256', secret, 'buffer') };
}
