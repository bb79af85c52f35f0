import { randomBytes } from 'node:crypto';
import { CHECKS } from './checks.mjs';
import { RoomContract } from './contracts/room.mjs';
import { V1Contract } from './contracts/v1.mjs';
import { Http } from './http.mjs';
import { FaultError, ServerGoneError, SkipError, WarningError } from './outcome.mjs';

const REACHABLE = { id: 'reachable', title: 'the server responds at every URL' };
const KEY = { id: 'key', title: 'the key opens rooms and reads their tokens' };
const CONTRACT = { id: 'contract', title: 'the server speaks a contract that can be checked' };

/** Every contract that the server speaks, and for each of them all checks, one after the other. */
export async function runSuite(options, report) {
  const http = new Http(options.urls);
  // Part of every name, so that a run meets no room of an earlier one.
  const run = `conformance-${randomBytes(4).toString('hex')}`;
  report.begin(run);
  try {
    const gone = await unreachable(http, options.urls);
    if (gone !== null) report.check(null, REACHABLE, { outcome: 'failed', seen: gone });
    else await new Suite(http, options, report, run).run();
  } finally {
    http.end();
  }
}

class Suite {
  /** Set once the server no longer responds: why the remaining checks are skipped. */
  gone = null;

  constructor(http, options, report, run) {
    Object.assign(this, { http, options, report, prefix: run });
  }

  async run() {
    let tested = 0;
    const reasons = [];
    for (const contract of [new RoomContract(this.http), new V1Contract(this.http)]) {
      const found = await this.discover(contract);
      this.report.contract(contract, found);
      if (found.reason === undefined) tested++;
      else reasons.push(`${contract.name}: ${found.reason}`);
      if (found.badKey) this.report.check(contract, KEY, { outcome: 'failed', seen: found.reason });
      if (found.spoken) await this.check(contract, found);
    }
    if (tested === 0) this.report.check(null, CONTRACT, { outcome: 'failed', seen: reasons.join('\n') });
  }

  /**
   * `spoken`: whether the server speaks the contract. `reason`: why not, or why most checks cannot be made. `badKey`: it
   * is the key that is at fault.
   */
  async discover(contract) {
    if (this.gone !== null) return { spoken: false, reason: this.gone };
    try {
      return await contract.discover(this.options.urls[0], `${this.prefix}-hello`, this.options.key);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      return { spoken: false, reason: error.message };
    }
  }

  async check(contract, found) {
    const { http, options } = this;
    const { urls, only } = options;
    for (const check of CHECKS) {
      if (check.only !== undefined && check.only !== contract.name) continue;
      if (only.length > 0 && !only.includes(check.id)) continue;
      const skipped = this.gone ?? (check.withoutKey ? null : (found.reason ?? null));
      if (skipped !== null) {
        this.report.check(contract, check, { outcome: 'skipped', seen: skipped });
        continue;
      }
      const room = (name) => [this.prefix, check.id, name].filter(Boolean).join('-');
      const result = await resultOf(() => check.run({ contract, http, urls, url: urls[0], room, options }));
      if (result.outcome === 'failed') await this.noteIfGone(result, check);
      this.report.check(contract, check, result);
    }
    if (this.gone === null) await contract.leave(urls[0]);
  }

  async noteIfGone(result, { id }) {
    const gone = await unreachable(this.http, this.options.urls);
    if (gone === null) return;
    if (!(result.error instanceof ServerGoneError)) result.seen += `\nafterwards ${gone}`;
    this.gone = `the server no longer responds since the check ${id}`;
  }
}

async function unreachable(http, urls) {
  for (const url of urls) {
    const reason = await http.unreachable(url);
    if (reason !== null) return `${url} does not respond (${reason})`;
  }
  return null;
}

async function resultOf(work) {
  const start = performance.now();
  const result = (outcome, seen, error) => ({ outcome, seen, error, ms: Math.round(performance.now() - start) });
  try {
    return result('passed', await work());
  } catch (error) {
    if (error instanceof SkipError) return result('skipped', error.message);
    if (error instanceof WarningError) return result('warned', error.message);
    // Any other exception is caused by a response that the check did not expect.
    return result('failed', error instanceof FaultError ? error.message : `unexpected: ${error.message}`, error);
  }
}
