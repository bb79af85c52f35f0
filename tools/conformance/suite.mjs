import { randomBytes } from 'node:crypto';
import { CHECKS } from './checks.mjs';
import { RoomContract } from './contracts/room.mjs';
import { V1Contract } from './contracts/v1.mjs';
import { Http } from './http.mjs';
import { Fault, Skip, Warning } from './outcome.mjs';

/** Every contract that the server speaks, and for each of them all checks, one after the other. */
export async function runSuite(options, report) {
  const http = new Http(options.urls);
  // In every name, so that a run meets no room of an earlier one.
  const run = `conformance-${randomBytes(4).toString('hex')}`;
  report.begin(run);
  try {
    let tested = 0;
    const why = [];
    for (const contract of [new RoomContract(http), new V1Contract(http)]) {
      const found = await discover(contract, options, `${run}-hello`);
      report.contract(contract, found);
      if (!found.spoken || found.blocked) why.push(`${contract.name}: ${found.why ?? found.blocked}`);
      else tested++;
      if (found.broken) report.check(contract, KEY_CHECK, { outcome: 'failed', seen: found.blocked });
      if (found.spoken) await runChecks(contract, found, options, report, run);
    }
    if (tested === 0) report.check(null, SPEAKS_CHECK, { outcome: 'failed', seen: why.join('\n') });
  } finally {
    await http.end();
  }
}

const KEY_CHECK = { id: 'key', title: 'the key opens rooms and shows their tokens' };
const SPEAKS_CHECK = { id: 'contract', title: 'the server speaks a contract that can be checked' };

async function discover(contract, { urls, key }, room) {
  try {
    return await contract.discover(urls[0], room, key);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { spoken: false, why: error.message };
  }
}

async function runChecks(contract, found, options, report, run) {
  for (const check of CHECKS) {
    if (check.only !== undefined && check.only !== contract.name) continue;
    const room = (name) => [run, check.id, name].filter(Boolean).join('-');
    const { urls } = options;
    const work = () => check.run({ contract, urls, url: urls[0], room, options });
    const blocked = found.blocked && !check.withoutKey ? found.blocked : null;
    report.check(contract, check, blocked === null ? await outcomeOf(work) : { outcome: 'skipped', seen: blocked });
  }
  await contract.leave(options.urls[0]);
}

async function outcomeOf(work) {
  const start = performance.now();
  const ended = (outcome, seen) => ({ outcome, seen, ms: Math.round(performance.now() - start) });
  try {
    return ended('passed', await work());
  } catch (error) {
    if (error instanceof Skip) return ended('skipped', error.message);
    if (error instanceof Warning) return ended('warned', error.message);
    // Anything else that is thrown is a reply that nobody foresaw, and so the server's.
    return ended('failed', error instanceof Fault ? error.message : `unforeseen: ${error.message}`);
  }
}
