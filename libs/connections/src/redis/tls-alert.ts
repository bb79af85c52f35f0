import { once } from 'node:events';
import { connect } from 'node:tls';
import type { RedisAddress } from './redis-address.js';

const ALERT_WITHIN_MS = 1000;

/**
 * The alert with which a server ends a TLS connection after the handshake, such as for a missing client certificate
 * (TLS 1.3). A client that has written meanwhile only learns that the connection was reset; this one writes nothing.
 */
export async function tlsAlert({ host = 'localhost', port = 0, tls }: RedisAddress): Promise<Error | undefined> {
  const socket = connect({ host, port, ...tls });
  try {
    await once(socket, 'end', { signal: AbortSignal.timeout(ALERT_WITHIN_MS) });
    return undefined;
  } catch (error) {
    return (error as Error).name === 'AbortError' ? undefined : (error as Error);
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
