import { RedisConnections, type RedisSettings, usesRedis } from '@app/connections';
import { endpoint } from '@app/kernel';
import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { type Processor, Queue, setDefaultBackendFactory, Worker, type WorkerOptions } from 'bullmq';
import { MINT_TOKENS } from './mint-tokens.job.js';
import { MintTokensQueue } from './mint-tokens.queue.js';
import { backoff } from './job-result.js';
import { createPostgresBackend } from './postgres-backend.js';
import { PostgresStore, QueueStore, RedisStore } from './queue-store.js';
import { BLOCK_S, createRedisBackend, redisConnection } from './redis-backend.js';

export interface QueueSettings extends Omit<RedisSettings, 'redisUrl'> {
  redisUrl: string | undefined;
  lockMs: number;
  stalledMs: number;
}

/** Size of the queue's connection pool on Postgres, in addition to its LISTEN connection. */
const POSTGRES_POOL = 4;
/** Client and server timeout of the queue's statements, in ms. None of them should have to wait for a lock. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * The queue, on Redis or, without `REDIS_URL`, on Postgres through BullMQ's own backend. BullMQ reads the backend and
 * the worker options from process-wide state, so both are set here, before the module is built.
 */
@Global()
@Module({})
export class QueueModule {
  static with(queue: QueueSettings, databaseUrl: string): DynamicModule {
    const redis = usesRedis(queue) ? new RedisConnections(queue) : undefined;
    if (redis === undefined) setDefaultBackendFactory(createPostgresBackend);
    else setDefaultBackendFactory(createRedisBackend);
    BullModule.queueClass = ListenedQueue;
    BullModule.workerClass = workerWith({
      lockDuration: queue.lockMs,
      stalledInterval: queue.stalledMs,
      // Repeated worker crashes must not lose the session: its deadline is the only limit.
      maxStalledCount: 1000,
      // Pause of the worker loop after a store error, in ms. BullMQ's default of 15 s would prolong every outage.
      runRetryDelay: 1000,
      settings: { backoffStrategy: backoff },
      ...(redis !== undefined && {
        drainDelay: BLOCK_S,
        // The result of a job waits for Redis, however long it is away; what is added to the queue does not.
        connection: { ...redisConnection(redis), maxRetriesPerRequest: null },
      }),
    });
    const connection =
      redis === undefined
        ? {
            connectionString: databaseUrl,
            max: POSTGRES_POOL,
            connectionTimeoutMillis: 2000,
            query_timeout: STATEMENT_TIMEOUT_MS,
            statement_timeout: STATEMENT_TIMEOUT_MS,
            idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS * 2,
            keepAlive: true,
          }
        : redisConnection(redis);
    return {
      module: QueueModule,
      imports: [
        BullModule.forRoot({ connection: connection, prefix: queue.prefix }),
        BullModule.registerQueue({ name: MINT_TOKENS }),
      ],
      providers: [MintTokensQueue, ...storeProviders(redis, databaseUrl)],
      exports: [MintTokensQueue, ...(redis === undefined ? [] : [RedisConnections])],
    };
  }
}

function storeProviders(redis: RedisConnections | undefined, databaseUrl: string): Provider[] {
  if (redis === undefined)
    return [{ provide: QueueStore, useFactory: () => new PostgresStore(`PostgreSQL at ${endpoint(databaseUrl)}`) }];
  return [
    { provide: RedisConnections, useFactory: () => redis },
    { provide: QueueStore, useFactory: () => new RedisStore(redis) },
  ];
}

/** The listeners that tell operators are attached later, in MintTokensQueue and MintTokensProcessorBase. */
const ignore = (): void => undefined;

/** BullMQ prints errors without a listener to standard error, with whatever Redis says of a wrong password. */
class ListenedQueue extends Queue {
  constructor(...given: ConstructorParameters<typeof Queue>) {
    super(...given);
    this.on('error', ignore);
  }
}

/** Nest takes worker options from a decorator, which has no access to the configuration. */
function workerWith(options: Partial<WorkerOptions>): typeof Worker {
  return class ConfiguredWorker extends Worker {
    constructor(name: string, processor: Processor, given: WorkerOptions) {
      super(name, processor, { ...given, ...options });
      this.on('error', ignore);
    }
  };
}
