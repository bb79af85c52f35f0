import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { StartupError } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SealBrokenError, UnknownSealingKeyError } from './errors.js';
import { KeyRing } from './key-ring.js';

const key = (id: string) => ({ id, key: randomBytes(32) });
const k1 = key('k1');
const ring = new KeyRing([k1]);
const here = { sessionId: 'ses_one', product: 'stream' } as const;
const TOKEN = 'eyJ0eXAiOiJKV1QifQ.eyJyaWQiOiIxIn0.c2lnbmF0dXJl';

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('did not throw');
}

describe('KeyRing', () => {
  it('opens what it sealed, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), fc.string(), (token, sessionId) => {
        const context = { sessionId, product: 'sync' } as const;
        expect(ring.open(ring.seal(token, context).sealed, context)).toBe(token);
      }),
    );
  });

  it('includes the key id and reveals nothing of the token', () => {
    const { sealed, keyId } = ring.seal(TOKEN, here);
    expect(keyId).toBe('k1');
    expect(sealed).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]+$/);
    expect(sealed).not.toContain(TOKEN.slice(0, 12));
  });

  it('never produces the same sealed text twice', () => {
    expect(ring.seal(TOKEN, here).sealed).not.toBe(ring.seal(TOKEN, here).sealed);
  });

  it.each([
    ['session', { ...here, sessionId: 'ses_two' }],
    ['product', { ...here, product: 'sync' as const }],
    ['split of the same text', { sessionId: 'ses_one","stream', product: 'stream' as const }],
  ])('rejects another %s', (_what, elsewhere) => {
    const { sealed } = ring.seal(TOKEN, here);
    expect(() => ring.open(sealed, elsewhere)).toThrow(SealBrokenError);
  });

  it('rejects every changed character, and reveals nothing', () => {
    const { sealed } = ring.seal(TOKEN, here);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 127 }), (at, flip) => {
        const changed = sealed.slice(0, at) + String.fromCharCode(sealed.charCodeAt(at) ^ flip) + sealed.slice(at + 1);
        const error = errorOf(() => ring.open(changed, here));
        expect(error instanceof SealBrokenError || error instanceof UnknownSealingKeyError).toBe(true);
        const shown = inspect(error);
        expect(shown).not.toContain(TOKEN);
        expect(shown).not.toContain(changed);
      }),
      { numRuns: 2000 },
    );
  });

  it('rejects every flipped bit of iv, ciphertext and tag', () => {
    const { sealed } = ring.seal(TOKEN, here);
    const [version, keyId, ...boxes] = sealed.split('.');
    boxes.forEach((box, part) => {
      const bytes = Buffer.from(box, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const parts = boxes.with(part, changed.toString('base64url'));
        expect(() => ring.open([version, keyId, ...parts].join('.'), here)).toThrow(SealBrokenError);
      }
    });
  });

  it.each(['', 'v1', 'v1.k1..', 'v1.k1.AAAA.AAAA', 'v2.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA', TOKEN])(
    'rejects %j',
    (sealed) => {
      expect(() => ring.open(sealed, here)).toThrow(SealBrokenError);
    },
  );

  it('rejects a truncated or extended text', () => {
    const { sealed } = ring.seal(TOKEN, here);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => ring.open(sealed.slice(0, length), here)).toThrow(SealBrokenError);
    }
    expect(() => ring.open(`${sealed}AAAA`, here)).toThrow(SealBrokenError);
    expect(() => ring.open(`${sealed}.`, here)).toThrow(SealBrokenError);
  });

  it('opens with an older key after a rotation, and seals with the new one', () => {
    const { sealed } = ring.seal(TOKEN, here);
    const rotated = new KeyRing([key('k2'), k1]);
    expect(rotated.open(sealed, here)).toBe(TOKEN);
    expect(rotated.seal(TOKEN, here).keyId).toBe('k2');
    expect(rotated.sealingKeyId).toBe('k2');
  });

  it('reports which key is missing', () => {
    const { sealed } = new KeyRing([key('gone')]).seal(TOKEN, here);
    expect(errorOf(() => ring.open(sealed, here))).toMatchObject({ code: 'unknown-sealing-key', keyId: 'gone' });
  });

  it('rejects a text sealed with another key of the same id', () => {
    const { sealed } = new KeyRing([key('k1')]).seal(TOKEN, here);
    expect(() => ring.open(sealed, here)).toThrow(SealBrokenError);
  });

  it('derives keys of their own for each label and key, the same in every process', () => {
    const bytes = (from: KeyRing, id: string, label: string) => from.derive(id, label)?.export().toString('hex');
    const derived = bytes(ring, 'k1', 'tickets');
    expect(derived).toMatch(/^[0-9a-f]{64}$/);
    expect(derived).not.toBe(k1.key.toString('hex'));
    expect(bytes(ring, 'k1', 'other')).not.toBe(derived);
    const k2 = key('k2');
    const rotated = new KeyRing([k2, k1]);
    expect(bytes(rotated, 'k1', 'tickets')).toBe(derived);
    expect(bytes(rotated, 'k2', 'tickets')).not.toBe(derived);
    expect(ring.derive('k2', 'tickets')).toBeUndefined();
  });

  it('derives nothing from a key that was removed, although it still opens tokens', () => {
    class Replaced extends KeyRing {
      override replace(keys: Parameters<KeyRing['replace']>[0]): void {
        super.replace(keys);
      }
    }
    const replaced = new Replaced([k1]);
    const { sealed } = replaced.seal(TOKEN, here);
    expect(replaced.derive('k1', 'tickets')).toBeDefined();
    replaced.replace([key('k2')]);
    expect(replaced.open(sealed, here)).toBe(TOKEN);
    expect(replaced.derive('k1', 'tickets')).toBeUndefined();
  });

  it('reveals no key material when inspected, and cannot be empty', () => {
    expect(inspect(ring, { showHidden: true, depth: 9 })).not.toContain(k1.key.toString('hex').slice(0, 6));
    expect(() => new KeyRing([])).toThrow(StartupError);
  });
});
