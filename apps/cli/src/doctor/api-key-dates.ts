import type { ListedApiKey } from '@app/entities';
import { counted, type Finding } from './finding.js';

const SOON_MS = 14 * 86_400_000;

/** Keys that have ended or soon will. One that was revoked is meant to be gone. */
export function apiKeyDates(keys: readonly ListedApiKey[], now: number): Finding {
  const active = keys.filter(({ state }) => state === 'active');
  const said = keys.flatMap(({ id, name, state, expiresAt }) => {
    if (state === 'expired') return [`${id} (${name}) has expired`];
    const leftMs = state === 'active' && expiresAt !== null ? expiresAt.getTime() - now : Infinity;
    return leftMs < SOON_MS ? [`${id} (${name}) expires in ${left(leftMs)}`] : [];
  });
  if (said.length > 0) {
    const advice = 'npm run cli -- keys rotate ID, or keys revoke ID where nobody misses it';
    return { check: 'API keys', level: 'warning', text: said.join(', '), advice };
  }
  if (active.length === 0) {
    const advice = 'npm run cli -- keys create';
    return { check: 'API keys', level: 'warning', text: 'there is no usable key', advice };
  }
  return { check: 'API keys', level: 'ok', text: `${counted(active.length, 'usable key')}, none ends within 14 days` };
}

function left(ms: number): string {
  const hours = Math.max(0, Math.floor(ms / 3_600_000));
  return hours < 48 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}
