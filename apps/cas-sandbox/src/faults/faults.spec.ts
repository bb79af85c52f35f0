import { describe, expect, it } from '@jest/globals';
import { faultSchema } from './fault.js';
import { Faults } from './faults.js';

describe('Faults', () => {
  it('apply in order, as many times as requested, and only to their product', () => {
    const faults = new Faults();
    faults.add({ kind: 'empty', product: 'sync', times: 1 });
    faults.add({ kind: 'reset', times: 2 });
    faults.add({ kind: 'huge', product: 'stream' });
    const applied = (['stream', 'sync', 'sync', 'sync', 'stream', 'stream'] as const).map(
      (product) => faults.take(product)?.kind,
    );
    expect(applied).toEqual(['reset', 'empty', 'reset', undefined, 'huge', 'huge']);
    faults.clear();
    expect(faults.take('stream')).toBeUndefined();
  });

  it.each([
    {},
    { kind: 'unknown' },
    { kind: 'status' },
    { kind: 'status', status: 99 },
    { kind: 'delay' },
    { kind: 'redirect' },
    { kind: 'redirect', location: '/', status: 200 },
    { kind: 'redirect', location: '/\r\nX: y' },
    { kind: 'hang', times: 0 },
    { kind: 'hang', product: 'video' },
    { kind: 'hang', retryAfter: '1' },
  ])('are rejected as %j', (command) => {
    expect(faultSchema.safeParse(command).success).toBe(false);
  });
});
