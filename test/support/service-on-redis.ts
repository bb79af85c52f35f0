import { Health } from '@app/observability';
import { expect } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { Client } from './client.js';
import { eventually } from './eventually.js';
import { clientWithRate, countTogether } from './limits.js';
import { TestApp } from './test-app.js';

/** Less than the 10 s after which the sweeper adds a job again that was lost. */
export const SOON_MS = 7000;

/** A gateway with a second one, and a worker; limits are counted at both. */
export class ServiceOnRedis {
  private constructor(
    readonly app: TestApp,
    readonly worker: INestApplicationContext,
    private readonly here: Client,
    private readonly there: Client,
  ) {}

  static async start(env: Record<string, string>): Promise<ServiceOnRedis> {
    const app = await TestApp.open({ worker: false, env });
    const worker = await app.startWorker();
    const other = await app.startGateway();
    const here = await clientWithRate(app, 1000);
    return new ServiceOnRedis(app, worker, here, app.newClient(other.url, here.apiKey));
  }

  async expectJobs(room: string): Promise<void> {
    const began = performance.now();
    const { body } = await this.app.client.openRoom(room, { wait: 20 });
    expect([body.status, performance.now() - began < SOON_MS]).toEqual(['ready', true]);
  }

  /** Within some seconds both gateways count in the same place. */
  async expectSharedLimits(): Promise<void> {
    await eventually(async () => {
      expect(await countTogether(this.here, this.there)).toBe(true);
    }, SOON_MS);
  }

  async expectReady(): Promise<void> {
    await eventually(async () => {
      expect(await this.failing()).toEqual([]);
    }, SOON_MS);
  }

  /** The parts of the worker that are not ready. */
  failing(): Promise<string[]> {
    return this.worker.get(Health).failingReady();
  }
}
