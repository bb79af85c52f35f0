import { createPostgresBackend as createBullBackend } from 'bullmq';

/**
 * BullMQ's Postgres backend. BullMQ checks its schema before the first statement and caches the result, including a
 * failure: a process that started while Postgres was slow would never reach its queue. This wrapper drops a cached
 * failure, so that the next statement repeats the check.
 */
export const createPostgresBackend: typeof createBullBackend = (...from) => {
  const backend = createBullBackend(...from);
  const { connection } = backend;
  const look = connection.waitUntilReady.bind(connection);
  connection.waitUntilReady = async () => {
    try {
      await look();
    } catch (error) {
      Object.assign(connection, { readyPromise: undefined });
      throw error;
    }
  };
  return backend;
};
