import { Health } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MintTokensJobs } from '../../apps/worker/src/mint-tokens/mint-tokens.processor.js';
import { TestApp, QUEUES } from '../support/test-app.js';

describe.each(QUEUES)('a worker whose loop has ended, with the queue in %s', (queue) => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ queue, worker: false });
  });
  afterAll(() => testApp.end());

  it('is not alive any more, and says which part', async () => {
    const worker = await testApp.startWorker();
    const health = worker.get(Health, { strict: false });
    expect(await health.failingLive()).toEqual([]);
    await worker.get(MintTokensJobs).worker.close();
    expect(await health.failingLive()).toEqual(['worker-loop']);
  });
});
