import { describe, expect, it } from '@jest/globals';
import type { Principal } from './caller.js';
import { CallerQuota } from './caller-quota.js';

const caller = (kind: Principal['kind'], n: number) => ({
  quotaKey: `${kind}-${String(n)}`,
  principal: { kind } as Principal,
});

/** How many of `count` takes by these callers succeed. */
function taken(quota: CallerQuota, count: number, kind: Principal['kind'], callers = count): number {
  return Array.from({ length: count }, (_, n) => quota.take(caller(kind, n % callers))).filter(Boolean).length;
}

describe('a quota', () => {
  it('of 1,000 gives one user 20, all users 750, one address 250 and one key 900', () => {
    expect(taken(new CallerQuota(1000), 100, 'user', 1)).toBe(20);
    expect(taken(new CallerQuota(1000), 1000, 'user')).toBe(750);
    expect(taken(new CallerQuota(1000), 1000, 'anonymous', 1)).toBe(250);
    expect(taken(new CallerQuota(1000), 1000, 'key', 1)).toBe(900);
    expect(taken(new CallerQuota(1000), 2000, 'key')).toBe(1000);
  });

  it('leaves room for servers when users and anonymous callers have taken all they may', () => {
    const quota = new CallerQuota(1000);
    taken(quota, 1000, 'anonymous');
    taken(quota, 700, 'user');
    expect(taken(quota, 100, 'key')).toBe(50);
  });

  it('is given back once, however often that is said', () => {
    const quota = new CallerQuota(1);
    const release = quota.take(caller('key', 1));
    expect(quota.take(caller('key', 2))).toBeNull();
    release?.();
    release?.();
    expect(quota.used).toBe(0);
    expect(quota.take(caller('key', 2))).not.toBeNull();
    expect(quota.take(caller('key', 3))).toBeNull();
  });

  it('of 1 serves anyone, and of 0 no one', () => {
    for (const kind of ['key', 'user', 'anonymous'] as const) {
      expect(taken(new CallerQuota(1), 2, kind)).toBe(1);
      expect(taken(new CallerQuota(0), 2, kind)).toBe(0);
    }
  });
});
