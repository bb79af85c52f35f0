import type { Postgres, RedisConnections } from '@app/connections';
import type { Queue } from 'bullmq';

/** Where the queue is stored. */
export abstract class QueueStore {
  /** Its address without credentials, for logs. */
  abstract readonly place: string;

  /** Resolves if the queue can be written to. @throws the error of the store */
  abstract assertUsable(queue: Queue, timeoutMs: number): Promise<void>;
}

export class RedisStore extends QueueStore {
  constructor(private readonly connections: RedisConnections) {
    super();
  }

  get place(): string {
    return this.connections.place;
  }

  assertUsable(_queue: Queue, timeoutMs: number): Promise<void> {
    return this.connections.assertUsable(timeoutMs);
  }
}

export class PostgresStore extends QueueStore {
  constructor(private readonly postgres: Postgres) {
    super();
  }

  get place(): string {
    return this.postgres.place;
  }

  async assertUsable(queue: Queue): Promise<void> {
    await queue.getJobCounts('waiting');
  }
}
