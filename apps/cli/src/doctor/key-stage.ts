import type { KeyUse } from '@app/entities';
import { counted, type Finding } from './finding.js';

/**
 * Which stage of a rotation the key ring is in.
 *
 * @param keyIds the ring, in its order
 * @param uses which keys seal something
 * @param retired those of the ring that seal nothing now, but did once
 */
export function keyStage(keyIds: readonly string[], uses: readonly KeyUse[], retired: readonly string[]): Finding {
  const [first = '', ...others] = keyIds;
  const tokensOf = (id: string) => uses.find(({ keyId }) => keyId === id)?.tokens ?? 0;
  const missing = uses.filter(({ keyId }) => !keyIds.includes(keyId));
  if (missing.length > 0) {
    return {
      check: 'key ring',
      level: 'fault',
      text: `${listed(missing)}, not in the ring: their tokens are answered with 503`,
      advice: 'put the key back, last, in every process',
    };
  }

  const old = uses.filter(({ keyId }) => others.includes(keyId));
  const sealing = `${first} seals ${counted(tokensOf(first), 'token')}`;
  if (old.length > 0) {
    return {
      check: 'key ring',
      level: 'warning',
      text: `${sealing} and everything new; ${listed(old)} still`,
      advice: 'once every process has this ring: npm run cli -- reseal',
    };
  }
  if (others.length === 0) return { check: 'key ring', level: 'ok', text: `one key: ${sealing}` };

  const done = others.filter((id) => retired.includes(id));
  if (done.length > 0) {
    return {
      check: 'key ring',
      level: 'ok',
      text: `${sealing}; ${done.join(', ')} none any more`,
      advice: `${done.join(', ')} may be taken out of the ring`,
    };
  }
  return {
    check: 'key ring',
    level: 'ok',
    text: `${sealing}; ${others.join(', ')} none, and no trace of an earlier one`,
    advice: `if ${others.join(', ')} is a new key, added last: move it first once every process has it; if it is the old one: take it out`,
  };
}

function listed(uses: readonly KeyUse[]): string {
  return uses.map(({ keyId, tokens }) => `${keyId} seals ${counted(tokens, 'token')}`).join(', ');
}
