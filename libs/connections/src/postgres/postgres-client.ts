import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { PostgresTarget } from '@app/config';
import { Client, type ClientBase, type ClientConfig } from 'pg';

/** The parts of pg's protocol connection that its types leave out. */
interface ProtocolConnection extends EventEmitter {
  stream: Duplex;
}

const MECHANISM_WITH_BINDING = 'SCRAM-SHA-256-PLUS';

/**
 * A connection of node-postgres to one target. It may end at any time, also while it is borrowed from a pool and nothing
 * runs on it; the next statement on it then fails, while an 'error' event without a listener would end the process.
 */
export class PostgresClient extends Client {
  constructor(config: ClientConfig, { channelBinding, ...target }: PostgresTarget) {
    super({ ...config, ...target, enableChannelBinding: channelBinding !== 'disable' });
    this.on('error', () => undefined);
    if (channelBinding === 'require') requireChannelBinding(protocolOf(this));
  }

  /** Closes without a goodbye, since a graceful close would wait for ever on a connection that does not respond. */
  hangUp(reason?: Error): void {
    hangUp(this, reason);
  }
}

/** The same for a client that comes from a pool, whose type says less. */
export function hangUp(client: ClientBase, reason?: Error): void {
  protocolOf(client).stream.destroy(reason);
}

/** node-postgres binds to the channel if it can, and goes on without if it cannot. */
function requireChannelBinding(protocol: ProtocolConnection): void {
  let bound = false;
  protocol.prependListener('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => {
    bound = mechanisms.includes(MECHANISM_WITH_BINDING);
    if (!bound) refuse();
  });
  for (const other of ['authenticationMD5Password', 'authenticationCleartextPassword']) {
    protocol.prependListener(other, refuse);
  }
  protocol.prependListener('authenticationOk', () => {
    if (!bound) refuse();
  });

  function refuse(): void {
    protocol.stream.destroy(new Error('channel binding is required'));
  }
}

function protocolOf(client: ClientBase): ProtocolConnection {
  return (client as unknown as { connection: ProtocolConnection }).connection;
}
