import { describe, expect, it } from '@jest/globals';
import { expectInvariants } from '../support/invariants.js';
import { expectReady } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';

const RACERS = 10_000;
const CONNECTIONS = 50;

describe.each<Backend>(['postgres', 'redis'])('ten thousand racers for one new room, with the queue in %s', (queue) => {
  it('get one session and one token per product, over two gateways', async () => {
    const deployment = await TestDeployment.start({ queue, gateways: 2, workers: 2 });
    try {
      let started = 0;
      const ids = new Set<string>();
      const statuses = new Map<number, number>();
      await Promise.all(
        Array.from({ length: CONNECTIONS }, async (_, connection) => {
          while (started < RACERS) {
            started++;
            const { status, body } = await deployment
              .client(connection % 2)
              .openRoom('kick-off', { body: { products: ['stream', 'sync'] } });
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            ids.add(body.id);
          }
        }),
      );
      expect([...statuses.keys()].filter((status) => ![200, 201, 202].includes(status))).toEqual([]);
      expect(ids.size).toBe(1);
      await expectReady(deployment, [...ids]);
      const { stream, sync } = await deployment.cas.summary();
      expect({ stream: stream.calls, sync: sync.calls }).toEqual({ stream: 1, sync: 1 });
      const [{ sessions } = { sessions: 0 }] = await deployment.database.rows<{ sessions: number }>(
        'SELECT count(*)::int AS sessions FROM sessions',
      );
      expect(sessions).toBe(1);
      await expectInvariants(deployment, ids);
    } finally {
      await deployment.end();
    }
  }, 120_000);
});
