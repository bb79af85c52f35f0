import { setTimeout as sleep } from 'node:timers/promises';
import { FaultError, SkipError, fingerprints } from '../outcome.mjs';
import { holdsTokenOf, serverTime } from './same.mjs';

/** The Date header and `exp` both have a resolution of one second. */
const GRACE_MS = 1500;
const WATCH_MS = 2000;
const POLL_MS = 250;

/** Clients cannot join with an expired token: a room that keeps serving it is unusable. */
export const expiry = {
  id: 'expiry',
  title: 'an expired token is never served again, and reopening returns a new one',
  async run({ contract, urls, url, room, options: { maxWaitS } }) {
    const name = room();
    const old = await contract.open(url, name);
    if (old.expiresAt === null) throw new SkipError('the token does not say when it expires');
    const leftMs = old.expiresAt - serverTime(old.reply);
    if (leftMs > maxWaitS * 1000) {
      throw new SkipError(`the token expires in ${Math.round(leftMs / 1000)} s, and --max-wait is ${maxWaitS}`);
    }
    await sleep(Math.max(leftMs, 0) + GRACE_MS);

    const end = performance.now() + WATCH_MS;
    do {
      await expectGone(old, name, contract, urls);
      await sleep(POLL_MS);
    } while (performance.now() < end);

    const fresh = await contract.open(url, name);
    expectAnother(old, fresh);
    await expectGone(old, name, contract, urls);
    return `token ${fingerprints(old.tokens)}, then ${fingerprints(fresh.tokens)}`;
  },
};

async function expectGone(old, name, contract, urls) {
  for (const url of urls) {
    for (const reply of await contract.lookUp(url, name, old)) {
      if (!holdsTokenOf(reply, old)) continue;
      const lateS = ((serverTime(reply) - old.expiresAt) / 1000).toFixed(0);
      throw new FaultError(`token ${fingerprints(old.tokens)} is served ${lateS} s after it expired`);
    }
  }
}

function expectAnother(old, fresh) {
  if (holdsTokenOf(fresh.reply, old)) throw new FaultError('reopening returns the expired token');
  if (fresh.expiresAt !== null && fresh.expiresAt <= serverTime(fresh.reply)) {
    throw new FaultError('reopening returns another expired token');
  }
}
