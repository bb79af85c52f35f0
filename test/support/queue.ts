import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import type { TestDeployment } from './test-deployment.js';

/** The world's queue, for tests that put things into it which the product never would. Close it. */
export function rawQueue(deployment: TestDeployment): Queue {
  const { redis, database } = deployment;
  if (redis !== undefined) return new Queue('mint-tokens', { prefix: 'wt', connection: { url: redis.url } });
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  return new PostgresQueue('mint-tokens', { connection: database.url }) as unknown as Queue;
}
