import { describe, expect, it } from '@jest/globals';
import { expectInvariants } from '../support/invariants.js';
import { expectReady } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

const RACERS = 10_000;
const CONNECTIONS = 50;

describe.each<Backend>(['postgres', 'redis'])('ten thousand racers for one new room, with the queue in %s', (queue) => {
  it('get one session and one token per product, over two gateways', async () => {
    const world = await World.start({ queue, gateways: 2, workers: 2 });
    try {
      let started = 0;
      const ids = new Set<string>();
      const statuses = new Map<number, number>();
      await Promise.all(
        Array.from({ length: CONNECTIONS }, async (_, connection) => {
          while (started < RACERS) {
            started++;
            const { status, body } = await world
              .client(connection % 2)
              .openRoom('kick-off', { body: { products: ['stream', 'sync'] } });
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            ids.add(body.id);
          }
        }),
      );
      expect([...statuses.keys()].filter((status) => ![200, 201, 202].includes(status))).toEqual([]);
      expect(ids.size).toBe(1);
      await expectReady(world, [...ids]);
      const { stream, sync } = await world.cas.summary();
      expect({ stream: stream.calls, sync: sync.calls }).toEqual({ stream: 1, sync: 1 });
      const [{ sessions } = { sessions: 0 }] = await world.database.rows<{ sessions: number }>(
        'SELECT count(*)::int AS sessions FROM sessions',
      );
      expect(sessions).toBe(1);
      await expectInvariants(world, ids);
    } finally {
      await world.end();
    }
  }, 120_000);
});
