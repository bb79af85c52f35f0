import type { ListedApiKey } from '@app/entities';
import { counted, type Finding } from './finding.js';

const SOON_MS = 14 * 86_400_000;

/** Reports keys that have expired or will soon. Revoked keys are ignored. */
export function apiKeyDates(keys: readonly ListedApiKey[], now: number): Finding {
  const active = keys.filter(({ state }) => state === 'active');
  const said = keys.flatMap(({ id, name, state, expiresAt }) => {
    if (state === 'expired') return [`${id} (${name}) has expired`];
    const leftMs = state === 'active' && expiresAt !== null ? expiresAt.getTime() - now : Infinity;
    return leftMs < SOON_MS ? [`${id} (${name}) expires in ${left(leftMs)}`] : [];
  });
  if (said.length > 0) {
    const advice = 'run npm run cli -- keys rotate ID, or keys revoke ID if the key is unused';
    return { check: 'API keys', level: 'warning', text: said.join(', '), advice };
  }
  if (active.length === 0) {
    const advice = 'run npm run cli -- keys create';
    return { check: 'API keys', level: 'warning', text: 'no usable key', advice };
  }
  return {
    check: 'API keys',
    level: 'ok',
    text: `${counted(active.length, 'usable key')}, none expires within 14 days`,
  };
}

function left(ms: number): string {
  const hours = Math.max(0, Math.floor(ms / 3_600_000));
  return hours < 48 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}
