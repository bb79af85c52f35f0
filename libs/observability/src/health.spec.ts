import { describe, expect, it, jest } from '@jest/globals';
import { Health } from './health.js';
import { healthBody } from './ops-server.js';

describe('health', () => {
  it('is good if all checks pass', async () => {
    const health = new Health();
    health.registerReady('database', () => Promise.resolve(true));
    health.registerLive('loop', () => true);
    expect(await health.failingReady()).toEqual([]);
    expect(await health.failingLive()).toEqual([]);
  });

  it('names the failing parts, however they fail', async () => {
    const health = new Health();
    health.registerReady('fine', () => true);
    health.registerReady('says-no', () => false);
    health.registerReady('throws', () => {
      throw new Error('postgres://u:hush@db');
    });
    health.registerReady('rejects', () => Promise.reject(new Error('hush')));
    const failing = await health.failingReady();
    expect(failing).toEqual(['says-no', 'throws', 'rejects']);
    expect(healthBody(failing)).toEqual({ status: 'unavailable', failing });
  });

  it('treats a check that takes longer than a second as failed', async () => {
    jest.useFakeTimers();
    const health = new Health();
    health.registerReady('hangs', () => new Promise<boolean>(() => undefined));
    const failing = health.failingReady();
    await jest.advanceTimersByTimeAsync(1000);
    expect(await failing).toEqual(['hangs']);
    jest.useRealTimers();
  });

  it('is not ready but alive while draining, without running the readiness checks', async () => {
    const health = new Health();
    const check = jest.fn(() => true);
    health.registerReady('database', check);
    health.drain();
    expect(await health.failingReady()).toEqual(['draining']);
    expect(await health.failingLive()).toEqual([]);
    expect(check).not.toHaveBeenCalled();
    expect(health.isDraining).toBe(true);
  });

  it('separates liveness from readiness', async () => {
    const health = new Health();
    health.registerReady('database', () => false);
    expect(await health.failingLive()).toEqual([]);
  });
});
