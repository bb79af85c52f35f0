import { describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { expectInvariants } from '../support/invariants.js';
import { openRooms } from '../support/load.js';
import { expectReady } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';

describe.each<Backend>(['postgres', 'redis'])('a rolling restart under load, with the queue in %s', (queue) => {
  it('drops no accepted request: jobs finish or are taken over, processes exit with 0 in time', async () => {
    const deployment = await TestDeployment.start({ queue, gateways: 0, workers: 2 });
    try {
      const ports = [String(await freePort()), String(await freePort())];
      for (const PORT of ports) await deployment.startGateway({ PORT });
      const clients = [...deployment.clients];
      const stop = new AbortController();
      const load = openRooms(deployment, 8, stop.signal, 'load', 25);
      for (const [n, PORT] of ports.entries()) {
        const told = performance.now();
        expect(await deployment.gateways[n]?.terminate()).toEqual({ code: 0, signal: null });
        expect(performance.now() - told).toBeLessThan(10_000);
        await deployment.startGateway({ PORT });
        // The same address serves again: clients do not notice whose process it is.
        deployment.clients.splice(0, deployment.clients.length, ...clients);
      }
      for (const worker of deployment.workers.slice(0, 2)) {
        expect(await worker.terminate()).toEqual({ code: 0, signal: null });
        await deployment.startWorker();
      }
      stop.abort();
      const { accepted, statuses } = await load;
      // No request was refused by a gateway; while one is away its address refuses connections, which is no answer.
      expect([...statuses.keys()].filter((status) => status >= 300)).toEqual([]);
      expect(accepted.size).toBeGreaterThan(50);
      await expectReady(deployment, [...accepted], 60_000);
      await expectInvariants(deployment, accepted);
    } finally {
      await deployment.end();
    }
  }, 150_000);
});
