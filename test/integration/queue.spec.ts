import { randomBytes } from 'node:crypto';
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
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { eventually, repeatedly } from '../support/eventually.js';
import { describeOn, QUEUES } from '../support/test-app.js';

/** Does what the test says, and keeps what it was asked. */
@MintTokensProcessor()
class Recorder extends MintTokensProcessorBase {
  readonly runs: string[] = [];
  answer: (sessionId: string) => JobResult | Promise<JobResult> = () => ({ kind: 'done' });

  constructor(@Inject(ConfigService) config: SettingsService<'mint'>, queue: MintTokensQueue) {
    super(config, queue);
  }

  protected override async run(sessionId: string): Promise<JobResult> {
    this.runs.push(sessionId);
    return this.answer(sessionId);
  }

  runsOf(id: string): number {
    return this.runs.filter((run) => run === id).length;
  }
}

for (const backend of QUEUES) {
  describeOn(backend)(`the queue in ${backend}`, () => {
    let database: TestDatabase;
    let module: TestingModule;
    let queue: MintTokensQueue;
    let raw: Queue;
    let recorder: Recorder;

    beforeAll(async () => {
      database = await cloneDatabase();
      const settings = {
        redisUrl: backend === 'redis' ? process.env.TEST_REDIS_URL : undefined,
        prefix: `t-${randomBytes(6).toString('hex')}`,
        addTimeoutMs: 2000,
        lockMs: 2000,
        stalledMs: 500,
      };
      module = await Test.createTestingModule({
        imports: [
          SettingsModule.with({ queue: settings, mint: { concurrency: 5 }, database: { url: database.url } }),
          QueueModule.with(settings),
        ],
        providers: [Recorder],
      }).compile();
      await module.init();
      queue = module.get(MintTokensQueue);
      raw = module.get<Queue>(getQueueToken(MINT_TOKENS));
      recorder = module.get(Recorder);
    });
    afterAll(async () => {
      await module.close();
      await eventually(() => database.drop());
    });
    afterEach(async () => {
      recorder.answer = () => ({ kind: 'done' });
      await expectEmpty();
    });

    const expectEmpty = () =>
      eventually(async () => {
        expect(await queue.counts()).toMatchObject({ waiting: 0, active: 0, delayed: 0 });
      });

    const expectRuns = (id: string, runs: number) =>
      eventually(() => {
        expect(recorder.runsOf(id)).toBe(runs);
      });

    /** Holds every run until it is let go. */
    function holdRuns(): () => void {
      let letGo: () => void = () => undefined;
      const held = new Promise<JobResult>((resolve) => {
        letGo = () => {
          resolve({ kind: 'done' });
        };
      });
      recorder.answer = () => held;
      return letGo;
    }

    it('runs each of many jobs that are added together, once', async () => {
      const ids = Array.from({ length: 100 }, newSessionId);
      await queue.add(ids);
      await eventually(() => {
        expect(ids.map((id) => recorder.runsOf(id))).toEqual(ids.map(() => 1));
      });
    });

    it('runs a job once that is added again while it waits or runs', async () => {
      const letGo = holdRuns();
      const id = newSessionId();
      await Promise.all([queue.add([id]), queue.add([id]), queue.add([id, id])]);
      await expectRuns(id, 1);
      await queue.add([id]);
      expect((await queue.counts()).active).toBe(1);
      expect((await queue.counts()).waiting).toBe(0);
      letGo();
      await expectEmpty();
      expect(recorder.runsOf(id)).toBe(1);
    });

    it('takes the same id again after its run, however that ended', async () => {
      const id = newSessionId();
      await queue.add([id]);
      await expectRuns(id, 1);
      await expectEmpty();
      recorder.answer = () => ({ kind: 'cancel', code: 'cas-rejected' });
      await queue.add([id]);
      await expectRuns(id, 2);
      await expectEmpty();
      await queue.add([id]);
      await expectRuns(id, 3);
      await expectEmpty();
      // Nothing is kept of a finished run: the row is the record.
      expect(await raw.getJob(id)).toBeUndefined();
    });

    it('runs a job again after the wait that its run asked for, and not before', async () => {
      const id = newSessionId();
      const times: number[] = [];
      recorder.answer = () => {
        times.push(performance.now());
        return times.length < 3 ? { kind: 'retry', afterMs: 400 } : { kind: 'done' };
      };
      await queue.add([id]);
      await expectRuns(id, 3);
      const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
      for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(390);
    });

    it('runs a job that waits for its next try when told to, and not by being hinted at again', async () => {
      const id = newSessionId();
      const before = recorder.runs.length;
      recorder.answer = () =>
        recorder.runs.length === before + 1 ? { kind: 'retry', afterMs: 60_000 } : { kind: 'done' };
      await queue.add([id]);
      await eventually(async () => {
        expect((await queue.counts()).delayed).toBe(1);
      });
      const other = newSessionId();
      queue.enqueue(id);
      queue.enqueue(other);
      await expectRuns(other, 1);
      expect(recorder.runsOf(id)).toBe(1);
      queue.enqueue(id, { now: true });
      await expectRuns(id, 2);
    });

    it.each([
      ['an unknown name', 'mint-coins', { sessionId: newSessionId() }],
      ['no id', MINT_TOKENS, {}],
      ['an id that is none', MINT_TOKENS, { sessionId: "x'; DROP TABLE sessions" }],
      ['a number for an id', MINT_TOKENS, { sessionId: 7 }],
      ['more than the id', MINT_TOKENS, { sessionId: newSessionId(), token: 'x' }],
      ['nothing', MINT_TOKENS, null],
      ['text', MINT_TOKENS, 'x'],
    ])('fails a job with %s at once and for good, with a reason, and goes on', async (_name, name, data) => {
      const known = recorder.runs.length;
      const poison = await raw.add(name, data, { attempts: 5 });
      const id = newSessionId();
      await queue.add([id]);
      await expectRuns(id, 1);
      const failed = await eventually(async () => {
        const job = await raw.getJob(poison.id ?? '');
        expect(await job?.getState()).toBe('failed');
        return job;
      });
      expect(failed?.failedReason).toBe('unknown-job');
      expect(recorder.runs.slice(known)).toEqual([id]);
      await failed?.remove();
    });

    it('goes on after a run that threw, and tries it again', async () => {
      const id = newSessionId();
      recorder.answer = () => {
        if (recorder.runsOf(id) === 1) throw new Error('a bug');
        return { kind: 'done' };
      };
      await queue.add([id]);
      const other = newSessionId();
      await queue.add([other]);
      await expectRuns(other, 1);
      await expectRuns(id, 2);
    });

    it('counts its jobs by state', async () => {
      const letGo = holdRuns();
      await queue.add(Array.from({ length: 8 }, newSessionId));
      await eventually(async () => {
        expect(await queue.counts()).toEqual({ waiting: 3, active: 5, delayed: 0, failed: 0 });
      });
      letGo();
    });

    it('holds ids only', async () => {
      const id = newSessionId();
      recorder.answer = () => ({ kind: 'retry', afterMs: 60_000 });
      await queue.add([id]);
      const job = await eventually(async () => {
        const found = await raw.getJob(id);
        expect(await found?.getState()).toBe('delayed');
        return found;
      });
      expect(job?.data).toEqual({ sessionId: id });
      expect(job?.name).toBe(MINT_TOKENS);
      await job?.remove();
    });

    if (backend !== 'postgres') return;

    it('ends in the database, too, what takes longer than 4 s', async () => {
      const longestS = async (): Promise<number> => {
        const [row] = await database.rows<{ s: number }>(
          `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0)::float AS s
           FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return row?.s ?? 0;
      };
      const holder = await database.pool.connect();
      try {
        await holder.query('BEGIN');
        await holder.query('LOCK TABLE bullmq.job');
        await eventually(async () => {
          expect(await longestS()).toBeGreaterThan(3);
        }, 30_000);
        await repeatedly(250, 4000, async () => {
          expect(await longestS()).toBeLessThan(6);
        });
      } finally {
        await holder.query('ROLLBACK');
        holder.release();
      }
    }, 60_000);
  });
}
