import { describe, expect, it } from '@jest/globals';
import type { SessionCounts } from '@app/entities';
import { fleetProcess, type FleetState } from './fleet.js';
import type { Rise } from './sample.js';
import { findTroubles } from './troubles.js';

const NOW = Date.parse('2026-11-26T20:44:00Z');
const at = (time: string) => `2026-11-26T${time}.000Z`;

const QUIET: SessionCounts = {
  ...{
    pending: 0,
    pendingCalls: 0,
    ready: 3,
    failed: 0,
    failedByCode: {},
    oldestPendingS: null,
    firstDeadlineAt: null,
  },
  now: new Date(NOW),
};
const WAITING = { ...QUIET, pending: 214, oldestPendingS: 20, firstDeadlineAt: new Date(at('20:56:00')) };

const one = (kind: 'gateway' | 'worker', { silentS = 1, version = '1.0.0', figures = {} } = {}) =>
  fleetProcess({
    id: `${kind}-1`,
    ...{ kind, version, silentS, figures },
    startedAt: new Date(NOW - 60_000),
    seenAt: new Date(NOW - 1000 * silentS),
  });

const state = (counts: SessionCounts, ...processes: FleetState['processes']): FleetState => ({
  ...{ now: NOW, counts, processes },
});

const inTrouble = (outcome: string, status: number | null, breaker = 2) => ({
  values: { breaker_state: breaker },
  states: {
    cas: [
      {
        endpoint: 'eu',
        trouble: { outcome, status, since: at('20:41:07') },
        previous: null,
        lastCallAt: at('20:43:58'),
      },
    ],
  },
});

const RISE: Rise = {
  ...{ seconds: 5, opened: 0, failed: 0, casByOutcome: {}, http: { all: 0, errors: 0 }, poolWaits: [] },
  ready: { le: [], n: [], sum: 0, count: 0 },
  wait: { le: [], n: [], sum: 0, count: 0 },
  cas: { le: [], n: [], sum: 0, count: 0 },
};

describe('what is wrong', () => {
  it('is nothing while workers are alive and nothing waits for long', () => {
    expect(findTroubles(state(QUIET, one('gateway'), one('worker')), [])).toEqual([]);
  });

  it('is CAS: what it answers, since when, what waits, what is done, and when the first session would fail', () => {
    const worker = one('worker', { figures: inTrouble('cas-unavailable', 503) });
    expect(findTroubles(state(WAITING, worker), [])).toEqual([
      {
        key: 'cas:eu',
        level: 'bad',
        what: 'CAS answers 503',
        past: 'CAS answered 503',
        doing:
          '214 sessions wait; the circuit is open, and CAS is probed every 5 s. ' +
          'Nothing is lost: sessions fail only at their deadline, the first at [[2026-11-26T20:56:00.000Z]].',
        since: Date.parse(at('20:41:07')),
      },
    ]);
  });

  it.each([
    ['cas-unavailable', null, 'CAS does not answer'],
    ['cas-bad-reply', 200, 'CAS answers without a usable token'],
    ['cas-credentials-rejected', 401, 'CAS rejects the credentials of this deployment (401)'],
    ['cas-rejected', 400, 'CAS rejects the calls (400)'],
  ])('names %s with status %s', (outcome, status, what) => {
    const worker = one('worker', { figures: inTrouble(outcome, status) });
    expect(findTroubles(state(WAITING, worker), [])).toMatchObject([{ what }]);
  });

  it('is one CAS endpoint of several: a warning while another takes its place, trouble if none does', () => {
    const { values, states } = inTrouble('cas-unavailable', 503);
    const [eu] = states.cas;
    const us = { endpoint: 'us', trouble: null, previous: null, lastCallAt: null };
    const worker = (...cas: object[]) => one('worker', { figures: { values, states: { cas } } });
    expect(findTroubles(state(WAITING, worker({ ...eu }, us)), [])).toMatchObject([
      {
        ...{ key: 'cas:eu', level: 'warn', what: 'CAS endpoint eu answers 503' },
        doing: expect.stringContaining('Sessions are minted at us meanwhile.'),
      },
    ]);
    const both = findTroubles(state(WAITING, worker({ ...eu }, { ...eu, endpoint: 'us' })), []);
    expect(both.map(({ key, level }) => [key, level])).toEqual([
      ['cas:eu', 'bad'],
      ['cas:us', 'bad'],
    ]);
    const rejected = inTrouble('cas-credentials-rejected', 401).states.cas[0];
    expect(findTroubles(state(WAITING, worker({ ...rejected }, us)), [])).toMatchObject([{ level: 'bad' }]);
  });

  it('is not CAS for certain, if it was not called lately and nothing waits', () => {
    const worker = one('worker', { figures: inTrouble('cas-unavailable', 503) });
    const later = { ...state(QUIET, worker), now: NOW + 120_000 };
    expect(findTroubles(later, [])).toMatchObject([{ level: 'warn', what: 'CAS answered 503 at the last call' }]);
  });

  it('says that the pace keeps sessions waiting, and for how long', () => {
    const pacing = { configured: 50, limit: 25, slowed: true };
    const worker = one('worker', { figures: { states: { pacing } } });
    const counts = { ...WAITING, pendingCalls: 3000, oldestPendingS: 45 };
    const [told] = findTroubles(state(counts, worker), []);
    expect(told?.doing).toContain(
      'limited to 25 per second over all workers, which is lowered since CAS answered 429: their calls take 2 min',
    );
  });

  it('says that no worker is alive, and speaks of a backlog only if there is one', () => {
    const gone = one('worker', { silentS: 200 });
    expect(findTroubles(state(QUIET, one('gateway'), gone), [])).toMatchObject([
      { key: 'no-worker', level: 'warn', what: 'No worker is alive', since: NOW - 200_000 },
    ]);
    expect(findTroubles(state({ ...WAITING, oldestPendingS: 300 }, gone), [])).toMatchObject([
      { key: 'no-worker', level: 'bad', what: 'No worker is alive, and 214 sessions wait' },
    ]);
  });

  it('is nothing yet while the fleet starts', () => {
    const gateway = { ...one('gateway', { figures: { values: { listen_up: 0 } } }), startedAt: new Date(NOW - 5000) };
    expect(findTroubles(state(QUIET, gateway), [])).toEqual([]);
  });

  it('is a backlog if sessions wait for long while workers are alive', () => {
    const found = findTroubles(state({ ...WAITING, oldestPendingS: 45 }, one('worker')), []);
    expect(found).toMatchObject([
      { key: 'backlog', what: '214 sessions wait, the oldest for 45 s', since: NOW - 15_000 },
    ]);
  });

  it('is a process that stopped reporting, for two minutes', () => {
    const lost = (silentS: number) => findTroubles(state(QUIET, one('gateway', { silentS }), one('worker')), []);
    expect(lost(14)).toEqual([]);
    expect(lost(16)).toMatchObject([{ key: 'lost:gateway-1', since: NOW - 16_000 }]);
    expect(lost(121)).toEqual([]);
  });

  it('is two versions at once, as a note', () => {
    const found = findTroubles(state(QUIET, one('worker'), one('gateway', { version: '1.1.0' })), []);
    expect(found).toMatchObject([{ level: 'note', what: 'Processes of 2 versions run: 1.0.0 (1), 1.1.0 (1)' }]);
  });

  it('is a part of a worker that is not ready', () => {
    const worker = one('worker', { figures: { states: { failing: ['queue'] } } });
    expect(findTroubles(state(QUIET, worker), [])).toMatchObject([{ level: 'bad', what: 'The queue does not answer' }]);
  });

  it('is a gateway that receives no events, a clock that is wrong, and failed sessions', () => {
    const gateway = one('gateway', { figures: { values: { listen_up: 0, clock_skew_seconds: -3 } } });
    const counts = { ...QUIET, failed: 12, failedByCode: { 'cas-credentials-rejected': 12 } };
    const found = findTroubles(state(counts, gateway, one('worker')), []);
    expect(found.map(({ key }) => key)).toEqual(['listen', 'clock', 'failed']);
    expect(found[2]).toMatchObject({
      what: '12 sessions failed: 12 cas-credentials-rejected',
      doing: 'They stay failed until an operator retries them.',
    });
  });

  it('is CAS in part, if it fails every tenth call of the last minute, and gateways that answer 5xx', () => {
    const rise = { ...RISE, casByOutcome: { ok: 18, 'cas-unavailable': 2 }, http: { all: 1000, errors: 20 } };
    expect(findTroubles(state(QUIET, one('worker')), [rise])).toMatchObject([
      { what: 'CAS fails 10 % of the calls' },
      { what: 'Gateways answer 2 % of the requests with 5xx' },
    ]);
    expect(findTroubles(state(QUIET, one('worker')), [RISE])).toEqual([]);
  });

  it('passes over figures that a process of another release reports in another form', () => {
    const worker = one('worker', { figures: { values: 'x', histograms: 7, states: { cas: 'well', failing: 1 } } });
    expect(findTroubles(state(QUIET, worker), [])).toEqual([]);
  });

  it('is a pool of connections for which callers wait, if it lasts', () => {
    const gateway = one('gateway');
    const waits = { ...RISE, poolWaits: [gateway.id] };
    expect(findTroubles(state(QUIET, gateway, one('worker')), [waits, RISE, waits, waits])).toEqual([]);
    expect(findTroubles(state(QUIET, gateway, one('worker')), [RISE, waits, waits, waits])).toMatchObject([
      { key: 'pool', what: 'gateway-1 has no connection to the database left: statements wait' },
    ]);
  });
});
