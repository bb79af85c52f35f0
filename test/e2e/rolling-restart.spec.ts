import { describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { expectInvariants } from '../support/invariants.js';
import { openRooms } from '../support/load.js';
import { expectReady } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

describe.each<Backend>(['postgres', 'redis'])('a rolling restart under load, with the queue in %s', (queue) => {
  it('drops no accepted request: jobs finish or are taken over, processes exit with 0 in time', async () => {
    const world = await World.start({ queue, gateways: 0, workers: 2 });
    try {
      const ports = [String(await freePort()), String(await freePort())];
      for (const PORT of ports) await world.startGateway({ PORT });
      const clients = [...world.clients];
      const stop = new AbortController();
      const load = openRooms(world, 8, stop.signal, 'load', 25);
      for (const [n, PORT] of ports.entries()) {
        const told = performance.now();
        expect(await world.gateways[n]?.terminate()).toEqual({ code: 0, signal: null });
        expect(performance.now() - told).toBeLessThan(10_000);
        await world.startGateway({ PORT });
        // The same address serves again: clients do not notice whose process it is.
        world.clients.splice(0, world.clients.length, ...clients);
      }
      for (const worker of world.workers.slice(0, 2)) {
        expect(await worker.terminate()).toEqual({ code: 0, signal: null });
        await world.startWorker();
      }
      stop.abort();
      const { accepted, statuses } = await load;
      // No request was refused by a gateway; while one is away its address refuses connections, which is no answer.
      expect([...statuses.keys()].filter((status) => status >= 300)).toEqual([]);
      expect(accepted.size).toBeGreaterThan(50);
      await expectReady(world, [...accepted], 60_000);
      await expectInvariants(world, accepted);
    } finally {
      await world.end();
    }
  }, 150_000);
});
