import { describe, expect, it } from '@jest/globals';
import { keyStage } from './key-stage.js';

const uses = (of: Record<string, number>) => Object.entries(of).map(([keyId, tokens]) => ({ keyId, tokens }));

describe('the stage of the key ring', () => {
  it.each([
    ['one key', ['k1'], { k1: 5 }, [], 'ok', 'one key: k1 seals 5 tokens'],
    ['one key without tokens', ['k1'], {}, [], 'ok', 'one key: k1 seals 0 tokens'],
    ['a new key, added last', ['k1', 'k2'], { k1: 5 }, [], 'ok', 'if k2 is a new key, move it to the front'],
    ['the new key first', ['k2', 'k1'], { k1: 5 }, [], 'warning', 'still k1 seals 5 tokens'],
    ['the new key in use', ['k2', 'k1'], { k1: 1, k2: 4 }, [], 'warning', 'still k1 seals 1 token'],
    ['an old key without tokens', ['k2', 'k1'], { k2: 5 }, ['k1'], 'ok', 'k1 can be removed from the ring'],
    ['a key that is missing', ['k2'], { k1: 3, k2: 5 }, [], 'fault', 'k1 seals 3 tokens but is not in the ring'],
    ['a missing key first of all', ['k2', 'k1'], { k0: 1, k1: 3 }, [], 'fault', 'k0 seals 1 token but is'],
  ] as const)('%s', (_name, ring, of, retired, level, words) => {
    const { text, advice, ...finding } = keyStage(ring, uses(of), retired);
    expect(finding).toEqual({ check: 'key ring', level });
    expect(`${text} ${String(advice)}`).toContain(words);
  });

  it('advises to reseal only while an older key still seals tokens', () => {
    const advice = (of: Record<string, number>) => keyStage(['k2', 'k1'], uses(of), []).advice;
    expect(advice({ k1: 1 })).toContain('reseal');
    expect(advice({ k2: 1 })).not.toContain('reseal');
  });
});
