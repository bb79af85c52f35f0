import { ConfigService, type SettingsService } from '@app/config';
import { StoreOutageLog } from '@app/connections';
import { sleep, StoreUnavailableError, withTimeout } from '@app/kernel';
import { type JobTrace, tracing } from '@app/tracing';
import { InjectQueue } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { JobType, Queue } from 'bullmq';
import { MINT_TOKENS, MINT_TOKENS_OPTIONS, type MintTokensPayload } from './mint-tokens.job.js';
import { QueueStore } from './queue-store.js';

/** Maximum jobs per queue command. */
const BATCH = 500;
/** Maximum hints buffered while the queue is unavailable; the sweeper enqueues the rest. */
const MAX_PENDING = 100_000;
const RETRY_AFTER_MS = 1000;
/** A running job is looked at for 10 s, longer than a call of CAS takes. */
const LOOK_EVERY_MS = 250;
const PROMOTE_LOOKS = 40;

const COUNTED_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
/** A state of jobs in Postgres that BullMQ's types leave out. */
const PAUSED = 'paused' as JobType;
export type QueueCounts = Record<(typeof COUNTED_STATES)[number], number>;

/**
 * The producer side of the queue. A job is only a hint to process a session: adding it twice is harmless, and a lost
 * one is added again by the sweeper. Requests therefore never wait for the queue: hints are buffered, added in batches,
 * and retried while the queue is unavailable.
 */
@Injectable()
export class MintTokensQueue implements OnModuleInit, BeforeApplicationShutdown {
  private readonly availability: StoreOutageLog;
  private readonly stopping = new AbortController();
  /** Session ids to enqueue, and how often to look whether their job is delayed and should run immediately. */
  private readonly pending = new Map<string, number>();
  /** The traces of sessions to enqueue, while traces are on. */
  private readonly traces = new Map<string, JobTrace>();
  private sending: Promise<void> | undefined;
  /** Why commands get no answer; undefined once one does. */
  private lastError: unknown;

  constructor(
    @InjectQueue(MINT_TOKENS) private readonly queue: Queue<MintTokensPayload>,
    @Inject(ConfigService) private readonly config: SettingsService<'queue'>,
    private readonly store: QueueStore,
  ) {
    const meanwhile = 'sessions are accepted and enqueued when it is back';
    const log = new Logger(MintTokensQueue.name);
    this.availability = new StoreOutageLog({ log, store: 'queue', place: () => this.place, meanwhile });
  }

  onModuleInit(): void {
    this.queue.on('error', (error) => {
      this.failed(error);
    });
  }

  /** Where the queue is stored: an address without credentials, for logs. */
  get place(): string {
    return this.store.place;
  }

  /** Sends the buffered hints, with a single attempt. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.sending;
  }

  /** Enqueues a session. With `now`, a delayed job of the session runs immediately. */
  enqueue(sessionId: string, { now = false } = {}): void {
    if (tracing() !== null) this.trace(sessionId);
    this.buffer(sessionId, now ? PROMOTE_LOOKS : 0);
  }

  private buffer(sessionId: string, looks: number): void {
    if (this.pending.size >= MAX_PENDING) return;
    this.pending.set(sessionId, Math.max(looks, this.pending.get(sessionId) ?? 0));
    this.sending ??= this.startFlush().finally(() => {
      this.sending = undefined;
    });
  }

  /** Sends for many requests, so it belongs to the trace of none. */
  private startFlush(): Promise<void> {
    const traces = tracing();
    return traces === null ? this.flush() : traces.detached(() => this.flush());
  }

  /** A hint that is pending already keeps its trace. */
  private trace(sessionId: string): void {
    if (this.traces.has(sessionId) || this.pending.size >= MAX_PENDING) return;
    const trace = tracing()?.sendJob({ 'watchtogether.session.id': sessionId }) ?? null;
    if (trace !== null) this.traces.set(sessionId, trace);
  }

  private endTraces(sessionIds: readonly string[], error?: unknown): void {
    if (this.traces.size === 0) return;
    for (const id of sessionIds) {
      this.traces.get(id)?.end(error);
      this.traces.delete(id);
    }
  }

  /** @throws StoreUnavailableError on timeout; the jobs may still be added later */
  async add(sessionIds: readonly string[]): Promise<void> {
    const jobs = sessionIds.map((sessionId) => ({
      name: MINT_TOKENS,
      data: { sessionId },
      opts: { ...MINT_TOKENS_OPTIONS, jobId: sessionId, ...this.telemetryOf(sessionId) },
    }));
    await this.bounded(this.queue.addBulk(jobs));
    this.endTraces(sessionIds);
  }

  /** Travels beside the data of a job, as BullMQ's own telemetry does. */
  private telemetryOf(sessionId: string): { telemetry: { metadata: string } } | undefined {
    if (this.traces.size === 0) return undefined;
    const trace = this.traces.get(sessionId);
    return trace && { telemetry: { metadata: trace.traceparent } };
  }

  /** The number of jobs by state. @throws StoreUnavailableError */
  async counts(): Promise<QueueCounts> {
    const counts = await this.bounded(this.queue.getJobCounts(...COUNTED_STATES, PAUSED));
    // In Postgres, jobs that wait in a paused queue have a state of their own.
    const { paused = 0, waiting = 0, ...rest } = counts;
    return { ...rest, waiting: waiting + paused } as QueueCounts;
  }

  /** Stops all workers from taking jobs until `resume`. Running jobs finish. @throws StoreUnavailableError */
  async pause(): Promise<void> {
    await this.bounded(this.queue.pause());
  }

  /** @throws StoreUnavailableError */
  async resume(): Promise<void> {
    await this.bounded(this.queue.resume());
  }

  /** @throws StoreUnavailableError */
  isPaused(): Promise<boolean> {
    return this.bounded(this.queue.isPaused());
  }

  /** Resolves if jobs can be added and taken. @throws StoreUnavailableError, with the error of the store as its cause */
  async assertUsable(): Promise<void> {
    await this.bounded(this.store.assertUsable(this.queue, this.timeoutMs));
  }

  private async flush(): Promise<void> {
    // Deferred to the next turn of the event loop, so that hints of the same turn share a batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.pending.size > 0) {
      const batch = [...this.pending].slice(0, BATCH);
      for (const [id] of batch) this.pending.delete(id);
      try {
        await this.add(batch.map(([id]) => id));
        const early = batch.filter(([, looks]) => looks > 0);
        await Promise.all(early.map(([id, looks]) => this.bounded(this.promote(id, looks))));
      } catch (error) {
        if (this.stopping.signal.aborted) {
          this.endTraces([...this.traces.keys()], error);
          return;
        }
        for (const [id, looks] of batch) this.pending.set(id, Math.max(looks, this.pending.get(id) ?? 0));
        await sleep(RETRY_AFTER_MS, this.stopping.signal);
      }
    }
  }

  /**
   * A job that is running may be about to wait for as long as its last attempt said, which was before this request: it
   * is looked at again until it has ended. A run that comes too early makes no call, so promoting is harmless.
   */
  private async promote(sessionId: string, looks: number): Promise<void> {
    const job = await this.queue.getJob(sessionId);
    const state = await job?.getState();
    if (state === 'delayed') await job?.promote();
    else if (state === 'active' && looks > 1 && !this.stopping.signal.aborted) {
      setTimeout(() => {
        this.buffer(sessionId, looks - 1);
      }, LOOK_EVERY_MS).unref();
    }
  }

  /** BullMQ waits forever for an unavailable store; here every wait is bounded. */
  private async bounded<T>(work: Promise<T>): Promise<T> {
    try {
      const onTimeout = () => new Error('no response', { cause: this.lastError });
      const result = await withTimeout(this.timeoutMs, work, onTimeout);
      this.lastError = undefined;
      this.availability.recovered();
      return result;
    } catch (error) {
      this.failed(error);
      throw new StoreUnavailableError('queue', { cause: error });
    }
  }

  private failed(error: unknown): void {
    this.lastError = error;
    this.availability.failed(error);
  }

  private get timeoutMs(): number {
    return this.config.get('queue', { infer: true }).addTimeoutMs;
  }
}
