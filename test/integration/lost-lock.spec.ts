import { randomBytes } from 'node:crypto';
import { ConfigService, SettingsModule, type SettingsService } from '@app/config';
import { newSessionId } from '@app/kernel';
import {
  type JobResult,
  MINT_TOKENS,
  MintTokensProcessor,
  MintTokensProcessorBase,
  MintTokensQueue,
  QueueModule,
} from '@app/queue';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeOn, QUEUES } from '../support/test-app.js';

/** Runs until its signal aborts. */
@MintTokensProcessor()
class UntilAborted extends MintTokensProcessorBase {
  started = 0;
  aborted = 0;

  constructor(@Inject(ConfigService) config: SettingsService<'mint'>, queue: MintTokensQueue) {
    super(config, queue);
  }

  protected override run(_sessionId: string, signal: AbortSignal | undefined): Promise<JobResult> {
    this.started++;
    return new Promise((resolve) => {
      signal?.addEventListener('abort', () => {
        this.aborted++;
        resolve({ kind: 'done' });
      });
    });
  }
}

for (const backend of QUEUES) {
  describeOn(backend)(`a worker that has lost the lock of its job, with the queue in ${backend}`, () => {
    let database: TestDatabase;
    let module: TestingModule;
    const prefix = `t-${randomBytes(6).toString('hex')}`;

    beforeAll(async () => {
      database = await cloneDatabase();
      const redisUrl = backend === 'redis' ? process.env.TEST_REDIS_URL : undefined;
      const settings = { redisUrl, prefix, addTimeoutMs: 2000, lockMs: 2000, stalledMs: 60_000 };
      module = await Test.createTestingModule({
        imports: [
          SettingsModule.with({ queue: settings, mint: { concurrency: 5 }, database: { url: database.url } }),
          QueueModule.with(settings),
        ],
        providers: [UntilAborted],
      }).compile();
      await module.init();
    });
    afterAll(async () => {
      await module.close();
      await eventually(() => database.drop());
    });

    /** As if another worker had taken the job over. */
    async function takeLock(id: string): Promise<void> {
      if (backend === 'postgres') {
        await database.rows(`UPDATE bullmq.job SET lock_token = 'another' WHERE id = $1`, [id]);
        return;
      }
      const redis = new Redis(process.env.TEST_REDIS_URL ?? '');
      await redis.set(`${prefix}:${MINT_TOKENS}:${id}:lock`, 'another');
      redis.disconnect();
    }

    it('is told to stop its run', async () => {
      const processor = module.get(UntilAborted);
      const id = newSessionId();
      await module.get(MintTokensQueue).add([id]);
      await eventually(() => {
        expect(processor.started).toBe(1);
      });
      await takeLock(id);
      await eventually(() => {
        expect(processor.aborted).toBe(1);
      });
    });
  });
}
