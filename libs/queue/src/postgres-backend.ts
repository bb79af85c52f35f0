import { createPostgresBackend as createBullBackend } from 'bullmq';

/**
 * BullMQ's backend on Postgres. It looks at its schema before its first statement and remembers what came of it, a
 * failure as well: a process that came up while Postgres was slow would be deaf to its queue for ever. Here a failure is
 * forgotten, and the next statement looks again.
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
