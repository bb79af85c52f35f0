import { createHash } from 'node:crypto';
import { customAlphabet } from 'nanoid';

const LOWER = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `wtk_<id>_<secret>`: the id finds the row, the secret carries at least 256 bits. */
export const API_KEY = /^wtk_([a-z0-9]{4,16})_([A-Za-z0-9]{43,128})$/;

const newId = customAlphabet(LOWER, 8);
/** 48 characters of 62 carry 285 bits. */
const newSecret = customAlphabet(`${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`, 48);

/** What is kept of a key. */
export interface ParsedApiKey {
  id: string;
  /** A plain hash suffices: what is hashed cannot be guessed. */
  secretSha256: Buffer;
}

/** A new key, in clear, for the one who asked for it. */
export function newApiKey(): string {
  return `wtk_${newId()}_${newSecret()}`;
}

/** Null for what is no API key. */
export function parseApiKey(text: string): ParsedApiKey | null {
  const [, id, secret] = API_KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined) return null;
  return { id, secretSha256: createHash('sha256').update(secret).digest() };
}
