import { createRedisBackend as createBullBackend, type IRedisClient } from 'bullmq';

/**
 * BullMQ's backend on Redis. To close, BullMQ waits for its blocking connection to say that it has ended, and takes a
 * polite leave of Redis on the others. Between two tries to reconnect ioredis does neither: a worker that is told to end
 * while Redis is away, or just coming back, would never do so. Here a connection that is not there is simply let go.
 */
export const createRedisBackend: typeof createBullBackend = (...from) => {
  const backend = createBullBackend(...from);
  const disconnectBlocking = backend.disconnectBlocking.bind(backend);
  backend.disconnectBlocking = async (wait) => {
    const client = await backend.blockingConnection?.client;
    if (client?.status === 'reconnecting') await giveUp(client);
    await disconnectBlocking(wait);
  };
  const close = backend.close.bind(backend);
  backend.close = async (force) => close(force === true || !(await isThere(backend)));
  return backend;
};

/** The only way out of the pause between two tries that tells of the end, and of the commands that were waiting. */
async function giveUp(client: IRedisClient): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
  });
  client.connect().catch(() => undefined);
  client.disconnect();
  await ended;
}

async function isThere({ connection }: ReturnType<typeof createBullBackend>): Promise<boolean> {
  // A connection that was never made has nothing to wait for either.
  if (connection.status === 'initializing') return true;
  return (await connection.client).status === 'ready';
}
