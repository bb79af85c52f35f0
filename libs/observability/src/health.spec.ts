import { describe, expect, it, jest } from '@jest/globals';
import { Health } from './health.js';
import { createLog } from './log.js';
import { healthBody } from './ops-server.js';

const PLACE = { place: () => 'PostgreSQL at db:5432' };
let lines: { part?: string; cause?: string; msg: string }[] = [];

function newHealth(): Health {
  lines = [];
  const write = (line: string) => lines.push(JSON.parse(line) as (typeof lines)[number]);
  return new Health(createLog('test', { logLevel: 'warn', production: true }, { write }));
}

describe('health', () => {
  it('is good if all checks pass', async () => {
    const health = newHealth();
    health.registerReady('database', { check: () => Promise.resolve(true), ...PLACE });
    health.registerLive('loop', () => true);
    expect(await health.failingReady()).toEqual([]);
    expect(await health.failingLive()).toEqual([]);
  });

  it('names the failing parts, however they fail', async () => {
    const health = newHealth();
    health.registerReady('fine', { check: () => true, ...PLACE });
    health.registerReady('says-no', { check: () => false, ...PLACE });
    health.registerReady('throws', {
      check: () => {
        throw new Error('postgres://u:hush@db');
      },
      ...PLACE,
    });
    health.registerReady('rejects', { check: () => Promise.reject(new Error('hush')), ...PLACE });
    const failing = await health.failingReady();
    expect(failing).toEqual(['says-no', 'throws', 'rejects']);
    expect(healthBody(failing)).toEqual({ status: 'unavailable', failing });
  });

  it('treats a check that takes longer than a second as failed', async () => {
    jest.useFakeTimers();
    const health = newHealth();
    health.registerReady('hangs', { check: () => new Promise<boolean>(() => undefined), ...PLACE });
    const failing = health.failingReady();
    await jest.advanceTimersByTimeAsync(1000);
    expect(await failing).toEqual(['hangs']);
    jest.useRealTimers();
  });

  it('is not ready but alive while draining, without running the readiness checks', async () => {
    const health = newHealth();
    const check = jest.fn(() => true);
    health.registerReady('database', { check, ...PLACE });
    health.drain();
    expect(await health.failingReady()).toEqual(['draining']);
    expect(await health.failingLive()).toEqual([]);
    expect(check).not.toHaveBeenCalled();
    expect(health.isDraining).toBe(true);
  });

  it('logs a part that is not ready once per change of its cause, and when it is ready again', async () => {
    const health = newHealth();
    let answer: () => Promise<void> = () => Promise.resolve();
    health.registerReady('database', { check: () => answer(), ...PLACE });
    await health.failingReady();
    for (const code of ['ECONNREFUSED', 'ECONNREFUSED', '25006']) {
      answer = () => Promise.reject(Object.assign(new Error('hush'), { code }));
      await health.failingReady();
    }
    answer = () => Promise.resolve();
    await health.failingReady();
    await health.failingReady();
    expect(lines.map(({ msg, cause }) => [msg, cause])).toEqual([
      ['not ready', expect.stringContaining('PostgreSQL at db:5432: connection refused (ECONNREFUSED)')],
      ['not ready', expect.stringContaining('PostgreSQL at db:5432: the server is read-only (a standby) (25006)')],
      ['ready again', undefined],
    ]);
  });

  it('separates liveness from readiness', async () => {
    const health = newHealth();
    health.registerReady('database', { check: () => false, ...PLACE });
    expect(await health.failingLive()).toEqual([]);
  });
});
