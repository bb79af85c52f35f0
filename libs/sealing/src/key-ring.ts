import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import type { SealingKey } from '@app/config';
import { StartupError, type Product } from '@app/kernel';
import { formatEnvelope, parseEnvelope, VERSION } from './envelope.js';
import { SealBrokenError, UnknownSealingKeyError } from './errors.js';

const CIPHER = 'aes-256-gcm';
/** The standard nonce length of GCM; random nonces are safe for 2^32 tokens per key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const DERIVED_BYTES = 32;

/**
 * What a sealed text belongs to: the token of a session's product, or the secret of a webhook endpoint. It can be opened
 * only with the same context.
 */
export type SealContext = { sessionId: string; product: Product } | { webhookId: string };

export interface SealedToken {
  /** `v1.<key id>.<base64url iv>.<base64url ciphertext and tag>` */
  sealed: string;
  keyId: string;
}

/** Seals and opens tokens with AES-256-GCM. The first key seals, all keys open. */
export class KeyRing {
  /** KeyObjects, since inspecting them reveals no key material. */
  readonly #keys = new Map<string, KeyObject>();
  readonly #derived = new Map<string, KeyObject>();
  #keyIds: readonly string[] = [];

  /** @throws StartupError if there is no key. */
  constructor(keys: readonly SealingKey[]) {
    this.replace(keys);
  }

  /** The id of the key that seals. */
  get sealingKeyId(): string {
    return this.#keyIds[0] ?? '';
  }

  /** The ids of all keys, in the ring's order. */
  get keyIds(): readonly string[] {
    return this.#keyIds;
  }

  /**
   * Takes over another ring: its first key seals from now on. Keys that it lacks still open tokens until the process
   * ends, so that a ring that lost a key by mistake makes no token unreadable.
   *
   * @throws StartupError if there is no key, or a key has other bytes than before under the same id
   */
  protected replace(keys: readonly SealingKey[]): void {
    if (keys.length === 0) throw new StartupError('The token key ring is empty');
    for (const { id, key } of keys) {
      const known = this.#keys.get(id);
      if (known !== undefined && !known.equals(createSecretKey(key)))
        throw new StartupError(
          `The token key ring has other bytes than before for key ${id}: a new key needs a new id`,
        );
    }
    for (const { id, key } of keys) this.#keys.set(id, createSecretKey(key));
    this.#keyIds = keys.map(({ id }) => id);
  }

  seal(token: string, context: SealContext): SealedToken {
    const keyId = this.sealingKeyId;
    const iv = newIv();
    const cipher = createCipheriv(CIPHER, this.key(keyId), iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(keyId, context));
    const box = Buffer.concat([cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { sealed: formatEnvelope({ keyId, iv, box }), keyId };
  }

  /**
   * Opens a token that was sealed for this session and product.
   *
   * @throws UnknownSealingKeyError if its key is not in the ring.
   * @throws SealBrokenError if it cannot be opened for any other reason.
   */
  open(sealed: string, context: SealContext): string {
    const envelope = parseEnvelope(sealed);
    if (envelope?.iv.length !== IV_BYTES || envelope.box.length < TAG_BYTES)
      throw new SealBrokenError(envelope?.keyId ?? '');
    const { keyId, iv, box } = envelope;
    const decipher = createDecipheriv(CIPHER, this.key(keyId), iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(keyId, context));
    decipher.setAuthTag(box.subarray(-TAG_BYTES));
    const token = decipher.update(box.subarray(0, -TAG_BYTES));
    try {
      // Of GCM nothing is left for the end, but it is there that the tag is checked.
      decipher.final();
      return token.toString('utf8');
    } catch {
      throw new SealBrokenError(keyId);
    }
  }

  /**
   * A key of 32 bytes for another purpose than sealing, derived by HKDF: equal in all processes with this ring, and
   * independent of the sealing key and of other labels. What it protects ends when its key is removed from the ring.
   *
   * @returns undefined if the ring has no such key, or no longer
   */
  derive(keyId: string, label: string): KeyObject | undefined {
    const key = this.#keys.get(keyId);
    if (key === undefined || !this.#keyIds.includes(keyId)) return undefined;
    // A key id never gets other bytes, so what was derived once stays right.
    const name = JSON.stringify([keyId, label]);
    const derived =
      this.#derived.get(name) ?? createSecretKey(Buffer.from(hkdfSync('sha256', key, '', label, DERIVED_BYTES)));
    this.#derived.set(name, derived);
    return derived;
  }

  private key(keyId: string): KeyObject {
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new UnknownSealingKeyError(keyId);
    return key;
  }
}

/** Random bytes for many nonces: one call of the system for each would cost more than the encryption. */
const pool = Buffer.alloc(IV_BYTES * 1024);
let used = pool.length;

/** A nonce that was never given out before. */
function newIv(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const iv = Buffer.from(pool.subarray(used, used + IV_BYTES));
  used += IV_BYTES;
  return iv;
}

/** A JSON array of strings, so that different contexts never produce the same bytes. */
function associatedData(keyId: string, context: SealContext): Buffer {
  const place = 'webhookId' in context ? [context.webhookId, 'secret'] : [context.sessionId, context.product];
  return Buffer.from(JSON.stringify([VERSION, keyId, ...place]), 'utf8');
}
