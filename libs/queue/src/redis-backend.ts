import { createRedisBackend as createBullBackend, type IRedisClient } from 'bullmq';

/**
 * BullMQ's Redis backend. On close, BullMQ waits for the `end` event of its blocking connection and sends QUIT on the
 * others. Between two reconnection attempts ioredis does neither, so a worker stopped while Redis is unavailable would
 * never exit. This wrapper drops connections that are not established.
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

/** Connecting first is the only way to make ioredis emit `end` and reject queued commands between two attempts. */
async function giveUp(client: IRedisClient): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
  });
  client.connect().catch(() => undefined);
  client.disconnect();
  await ended;
}

async function isThere({ connection }: ReturnType<typeof createBullBackend>): Promise<boolean> {
  // A connection that was never opened can be closed normally.
  if (connection.status === 'initializing') return true;
  return (await connection.client).status === 'ready';
}
