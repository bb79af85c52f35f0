import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { openRooms } from '../support/load.js';
import { expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

describe('everything at once, under twenty requests at a time', () => {
  it('every accepted session becomes ready by itself within two minutes, and no two share a token', async () => {
    const deployment = await TestDeployment.start({
      queue: 'redis',
      gateways: 2,
      workers: 2,
      ownPostgres: true,
      env: { DATABASE_TIMEOUT_MS: '1200' },
    });
    const stop = new AbortController();
    try {
      const load = openRooms(deployment, 20, stop.signal, 'rush', 40);
      const accepted = async (count: number) => {
        await eventually(async () => {
          const [row] = await deployment.database.rows<{ count: number }>(
            'SELECT count(*)::int AS count FROM sessions',
          );
          expect(row?.count).toBeGreaterThan(count);
        }, 30_000);
      };
      await accepted(20);

      await deployment.cas.fault({ kind: 'hang', times: 1 });
      await eventually(async () => {
        expect(await deployment.cas.held()).toBe(1);
      });
      // One of the two holds the call: killing both hits it, and leaves no worker for a moment.
      await Promise.all(deployment.workers.map((worker) => worker.kill9()));
      await Promise.all([deployment.startWorker(), deployment.startWorker()]);

      await deployment.stopRedis();
      await deployment.restartRedis(); // empty: nothing was saved
      await accepted(60);

      const [victim] = deployment.gateways;
      const PORT = new URL(victim?.url ?? '').port;
      await victim?.kill9();
      const clients = [...deployment.clients];
      await deployment.startGateway({ PORT });
      await Promise.all(
        deployment.clients
          .splice(0, deployment.clients.length, ...clients)
          .slice(2)
          .map((client) => client.end()),
      );

      await deployment.stopPostgres('crash');
      const away = performance.now();
      await eventually(() => {
        expect(performance.now() - away).toBeGreaterThan(3000);
      });
      await deployment.restartPostgres();
      expect(await deployment.worker.terminate()).toEqual({ code: 0, signal: null });

      await accepted(100);
      stop.abort();
      const ledger = await load;
      expect([...ledger.statuses.keys()].filter((status) => ![0, 200, 201, 202, 503].includes(status))).toEqual([]);
      await expectReady(deployment, [...ledger.accepted], 120_000);
      await expectInvariants(deployment, ledger.accepted);
    } finally {
      stop.abort();
      await deployment.end();
    }
  }, 240_000);
});
