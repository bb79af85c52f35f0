import { ConnectionsModule, Postgres, RedisConnections, type RedisSettings, usesRedis } from '@app/connections';
import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { type Processor, setDefaultBackendFactory, Worker, type WorkerOptions } from 'bullmq';
import { DELIVER_WEBHOOKS } from './deliver-webhooks.job.js';
import { DeliverWebhooksQueue } from './deliver-webhooks.queue.js';
import { ignore, ListenedQueue } from './listened-queue.js';
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

/**
 * The queue, on Redis or, without `REDIS_URL`, on Postgres through BullMQ's own backend. BullMQ reads the backend and
 * the worker options from process-wide state, so both are set here, before the module is built.
 */
@Global()
@Module({})
export class QueueModule {
  static with(queue: QueueSettings): DynamicModule {
    const redis = usesRedis(queue) ? new RedisConnections(queue) : undefined;
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
    const mintTokens = BullModule.registerQueue({ name: MINT_TOKENS });
    return {
      module: QueueModule,
      imports: [
        BullModule.forRootAsync({
          imports: [ConnectionsModule],
          inject: [Postgres],
          useFactory: (postgres: Postgres) => {
            const { prefix } = queue;
            setDefaultBackendFactory(redis === undefined ? createPostgresBackend(postgres) : createRedisBackend);
            return { connection: redis === undefined ? {} : redisConnection(redis), prefix };
          },
        }),
        mintTokens,
        ConnectionsModule,
      ],
      providers: [MintTokensQueue, ...storeProviders(redis)],
      exports: [mintTokens, MintTokensQueue, QueueStore, ...(redis === undefined ? [] : [RedisConnections])],
    };
  }
}

/** The queue of webhooks, for workers only: each queue has connections of its own. */
@Module({})
export class DeliverWebhooksQueueModule {
  /** To be called after `QueueModule.with`, which chooses the classes. */
  static register(): DynamicModule {
    return {
      module: DeliverWebhooksQueueModule,
      imports: [BullModule.registerQueue({ name: DELIVER_WEBHOOKS })],
      providers: [DeliverWebhooksQueue],
      exports: [DeliverWebhooksQueue],
    };
  }
}

function storeProviders(redis: RedisConnections | undefined): Provider[] {
  if (redis === undefined) {
    const useFactory = (postgres: Postgres) => new PostgresStore(postgres);
    return [{ provide: QueueStore, inject: [Postgres], useFactory }];
  }
  return [
    { provide: RedisConnections, useFactory: () => redis },
    { provide: QueueStore, useFactory: () => new RedisStore(redis) },
  ];
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
