import { sleep } from '../../steps.mjs';
import { Fault, Skip, fingerprints } from '../outcome.mjs';
import { holdsTokenOf, serverTime } from './same.mjs';

/** The server shows its clock in whole seconds, and whole seconds are what an `exp` has. */
const GRACE_MS = 1500;
const WATCH_MS = 2000;
const POLL_MS = 250;

/** An expired token cannot be joined with: a room that goes on serving it is a dead room. */
export const expiry = {
  id: 'expiry',
  title: 'an expired token is never served again, and re-opening gives another',
  async run({ contract, urls, url, room, options: { maxWaitS } }) {
    const name = room();
    const old = await contract.open(url, name);
    if (old.expiresAt === null) throw new Skip('the token does not say when it expires');
    const leftMs = old.expiresAt - serverTime(old.reply);
    if (leftMs > maxWaitS * 1000) {
      throw new Skip(`the token lives ${Math.round(leftMs / 1000)} s more, and --max-wait is ${maxWaitS}`);
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
      throw new Fault(`token ${fingerprints(old.tokens)} is served ${lateS} s after it expired`);
    }
  }
}

function expectAnother(old, fresh) {
  if (holdsTokenOf(fresh.reply, old)) throw new Fault('re-opening gives the expired token');
  if (fresh.expiresAt !== null && fresh.expiresAt <= serverTime(fresh.reply)) {
    throw new Fault('re-opening gives a token that has expired too');
  }
}
