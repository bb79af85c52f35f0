import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** ReadyForQuery, outside a transaction: the end of whatever the server sends in answer to one query. */
const IDLE = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
/** The message by which a client says goodbye. */
const TERMINATE = 0x58;

/**
 * A pooler that gives a client another session of Postgres for each transaction, always the one that was given back
 * last, as PgBouncer does in its transaction mode. It relies on a query being sent, and answered, in one piece.
 */
export async function startTransactionPooler(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const idle: Socket[] = [];
  const usedBy = new Map<Socket, Socket>();

  const listener = createServer((client) => {
    const own = connect(Number(port), hostname);
    usedBy.set(own, client);
    for (const socket of [client, own]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    own.on('data', (data) => {
      const owner = usedBy.get(own);
      if (data.subarray(-IDLE.length).equals(IDLE)) {
        usedBy.delete(own);
        idle.push(own);
      }
      owner?.write(data);
    });
    client.on('data', (data) => {
      if (data[0] === TERMINATE) return;
      const held = [...usedBy].find(([, owner]) => owner === client)?.[0];
      const server = held ?? idle.pop();
      if (server === undefined) throw new Error('every session is in use');
      usedBy.set(server, client);
      server.write(data);
    });
  });

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url: url.href,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
