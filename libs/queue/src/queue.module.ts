import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Processor, setDefaultBackendFactory, Worker, type WorkerOptions } from 'bullmq';
import { MINT_TOKENS } from './mint-tokens.job.js';
import { MintTokensQueue } from './mint-tokens.queue.js';
import { backoff } from './job-result.js';
import { createPostgresBackend } from './postgres-backend.js';
import { createRedisBackend } from './redis-backend.js';

export interface QueueSettings {
  redisUrl: string | undefined;
  prefix: string;
  lockMs: number;
  stalledMs: number;
}

/** Connections of the queue's own pool on Postgres, besides its LISTEN. */
const POSTGRES_POOL = 4;
/** What a statement of the queue's may take, here and in the database, in ms: it has no business to wait for a lock. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * The queue, in Redis or, without `REDIS_URL`, in Postgres through BullMQ's own backend: configuration alone decides.
 * BullMQ takes the backend and the worker's options from process-wide places, so both are set here, before the module
 * is built.
 */
@Global()
@Module({})
export class QueueModule {
  static with(queue: QueueSettings, databaseUrl: string): DynamicModule {
    if (queue.redisUrl === undefined) setDefaultBackendFactory(createPostgresBackend);
    else setDefaultBackendFactory(createRedisBackend);
    BullModule.workerClass = workerWith({
      lockDuration: queue.lockMs,
      stalledInterval: queue.stalledMs,
      // A worker that dies again and again must not lose the session: the deadline is the only budget.
      maxStalledCount: 1000,
      // After an error of its store the loop rests this long, in ms; BullMQ's own 15 s would be an outage of their own.
      runRetryDelay: 1000,
      settings: { backoffStrategy: backoff },
    });
    const connection =
      queue.redisUrl === undefined
        ? {
            connectionString: databaseUrl,
            max: POSTGRES_POOL,
            connectionTimeoutMillis: 2000,
            query_timeout: STATEMENT_TIMEOUT_MS,
            statement_timeout: STATEMENT_TIMEOUT_MS,
            idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS * 2,
            keepAlive: true,
          }
        : { url: queue.redisUrl };
    return {
      module: QueueModule,
      imports: [
        BullModule.forRoot({ connection: connection, prefix: queue.prefix }),
        BullModule.registerQueue({ name: MINT_TOKENS }),
      ],
      providers: [MintTokensQueue],
      exports: [MintTokensQueue],
    };
  }
}

/** Nest takes a worker's options from a decorator, which knows no configuration. */
function workerWith(options: Partial<WorkerOptions>): typeof Worker {
  return class ConfiguredWorker extends Worker {
    constructor(name: string, processor: Processor, given: WorkerOptions) {
      super(name, processor, { ...given, ...options });
    }
  };
}
