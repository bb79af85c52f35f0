import type { RedisConnections } from '@app/connections';
import {
  createIORedisClient,
  createRedisBackend as createBullBackend,
  type IRedisClient,
  RedisConnection,
  type RedisOptions,
} from 'bullmq';

/**
 * How long a worker waits in Redis for a job before it asks again, in s. Shorter than a connection may be silent before
 * it is replaced.
 */
export const BLOCK_S = 1;

/** BullMQ passes its connection options on unchanged, so they carry what makes the connections. */
type OurOptions = RedisOptions & { connections: RedisConnections };

/** The connection options of the queue: BullMQ makes every Redis client through `connections`. */
export function redisConnection(connections: RedisConnections): OurOptions {
  RedisConnection.clientFactory = (options) => {
    const { connections: ours, connectionName, maxRetriesPerRequest } = options as OurOptions;
    // Only the connection on which a worker waits has a name.
    const blocking = connectionName !== undefined;
    return createIORedisClient(ours.open({ connectionName, maxRetriesPerRequest }, { blocking }));
  };
  // Assumed instead of asked for: INFO may be forbidden, and BullMQ prints what it thinks of the answer.
  RedisConnection.minimumVersion = '6.2.0';
  return { connections, skipVersionCheck: true };
}

/**
 * BullMQ's Redis backend. On close, BullMQ waits for the `end` event of its blocking connection and sends QUIT on the
 * others. Between two reconnection attempts ioredis does neither, so a worker stopped while Redis is unavailable would
 * never exit. This wrapper drops connections that are not established.
 */
export const createRedisBackend: typeof createBullBackend = (...from) => {
  const backend = createBullBackend(...from);
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: BLOCK_S });
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
