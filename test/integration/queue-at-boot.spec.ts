import { ConfigService, SettingsModule, type SettingsService } from '@app/config';
import { newSessionId } from '@app/kernel';
import {
  MINT_TOKENS,
  MintTokensProcessor,
  MintTokensProcessorBase,
  MintTokensQueue,
  type JobResult,
  QueueModule,
} from '@app/queue';
import { describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { cloneDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startTcpProxy, viaProxy } from '../support/tcp-proxy.js';

@MintTokensProcessor()
class Recorder extends MintTokensProcessorBase {
  readonly runs: string[] = [];

  constructor(@Inject(ConfigService) config: SettingsService<'mint'>, queue: MintTokensQueue) {
    super(config, queue);
  }

  protected override run(sessionId: string): Promise<JobResult> {
    this.runs.push(sessionId);
    return Promise.resolve({ kind: 'done' });
  }
}

describe('a queue in a Postgres that is silent while the process comes up', () => {
  it('takes jobs and runs them once Postgres answers', async () => {
    const database = await cloneDatabase();
    const proxy = await startTcpProxy(database.url);
    proxy.pause();
    const settings = { redisUrl: undefined, prefix: 'wt', addTimeoutMs: 1000, lockMs: 2000, stalledMs: 500 };
    const module = await Test.createTestingModule({
      imports: [
        SettingsModule.with({
          queue: settings,
          mint: { concurrency: 5 },
          database: { url: viaProxy(database.url, proxy) },
        }),
        QueueModule.with(settings),
      ],
      providers: [Recorder],
    }).compile();
    try {
      await module.init();
      const [recorder, queue] = [module.get(Recorder), module.get(MintTokensQueue)];
      const raw = module.get<Queue>(getQueueToken(MINT_TOKENS));
      await expect(raw.waitUntilReady()).rejects.toThrow();
      await expect(recorder.worker.waitUntilReady()).rejects.toThrow();

      proxy.resume();
      const id = newSessionId();
      await eventually(() => queue.add([id]));
      await eventually(() => {
        expect(recorder.runs).toEqual([id]);
      });
    } finally {
      await module.close();
      await proxy.close();
      await eventually(() => database.drop());
    }
  });
});
