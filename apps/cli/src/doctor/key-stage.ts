import type { KeyUse } from '@app/entities';
import { counted, type Finding } from './finding.js';

/**
 * Determines the stage of a key rotation.
 *
 * @param keyIds the key ring, in order
 * @param uses the keys with sealed tokens
 * @param retired keys of the ring that seal no tokens now but did earlier
 * @param broken keys of the ring that cannot open a token they sealed: they have other bytes here
 */
export function keyStage(
  keyIds: readonly string[],
  uses: readonly KeyUse[],
  retired: readonly string[],
  broken: readonly string[] = [],
): Finding {
  const [first = '', ...others] = keyIds;
  const tokensOf = (id: string) => uses.find(({ keyId }) => keyId === id)?.tokens ?? 0;
  const missing = uses.filter(({ keyId }) => !keyIds.includes(keyId));
  if (missing.length > 0) {
    return {
      check: 'key ring',
      level: 'fault',
      text: `${listed(missing)} but is not in the ring: requests for them fail with 503`,
      advice: 'add the key back as the last one in every process',
    };
  }

  if (broken.length > 0) {
    return {
      check: 'key ring',
      level: 'fault',
      text: `${broken.join(', ')} cannot open a token that was sealed under this id: requests for them fail with 503`,
      advice: 'restore the bytes of that key in every process; a new key needs a new id',
    };
  }

  const old = uses.filter(({ keyId }) => others.includes(keyId));
  const sealing = `${first} seals ${counted(tokensOf(first), 'token')}`;
  if (old.length > 0) {
    return {
      check: 'key ring',
      level: 'warning',
      text: `${sealing} and all new ones; still ${listed(old)}`,
      advice: 'once every process has this ring, run npm run cli -- reseal',
    };
  }
  if (others.length === 0) return { check: 'key ring', level: 'ok', text: `one key: ${sealing}` };

  const done = others.filter((id) => retired.includes(id));
  if (done.length > 0) {
    return {
      check: 'key ring',
      level: 'ok',
      text: `${sealing}; ${done.join(', ')} no longer seals any`,
      advice: `${done.join(', ')} can be removed from the ring`,
    };
  }
  return {
    check: 'key ring',
    level: 'ok',
    text: `${sealing}; ${others.join(', ')} none, now or earlier`,
    advice: `if ${others.join(', ')} is a new key, move it to the front once every process has it; if it is the old key, remove it`,
  };
}

function listed(uses: readonly KeyUse[]): string {
  return uses.map(({ keyId, tokens }) => `${keyId} seals ${counted(tokens, 'token')}`).join(', ');
}
