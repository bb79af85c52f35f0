import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

interface Pair {
  client: Socket;
  server: Socket;
  /** Nothing passes any more, for good. */
  dead: boolean;
}

/** A way to a server that can be made to fail as networks do. */
export interface TcpProxy {
  port: number;
  /** How many connections go through it. */
  connections(): number;
  /** How many connections it has accepted so far. */
  accepted(): number;
  /** From now on everything is swallowed, as by a firewall that forgot its connections: no data, no error, no end. */
  pause(): void;
  /** New connections pass again; those that were swallowed stay dead. */
  resume(): void;
  /** New connections lead to this server; those that are there are kept, as after a failover by address. */
  leadTo(target: string): void;
  /** Everything takes this much longer to reach the server, in ms. */
  slow(ms: number): void;
  /** Cuts every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** The same address by way of the proxy. */
export function viaProxy(url: string, proxy: TcpProxy): string {
  const via = new URL(url);
  via.hostname = '127.0.0.1';
  via.port = String(proxy.port);
  return via.href;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  let { hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let accepted = 0;
  let paused = false;
  let delayMs = 0;

  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(Number(port), hostname), dead: paused };
    pairs.add(pair);
    accepted++;
    forward(pair.client, pair.server, pair, () => delayMs);
    forward(pair.server, pair.client, pair, () => 0);
  });

  function forward(from: Socket, to: Socket, pair: Pair, delay: () => number): void {
    from.on('data', (data) => {
      const pass = (): void => {
        if (!pair.dead && to.writable) to.write(data);
      };
      if (delay() === 0) pass();
      else setTimeout(pass, delay());
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      pairs.delete(pair);
      to.destroy();
    });
  }

  function cut(): void {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    connections: () => pairs.size,
    accepted: () => accepted,
    pause: () => {
      paused = true;
      for (const pair of pairs) pair.dead = true;
    },
    resume: () => {
      paused = false;
    },
    leadTo: (other) => {
      ({ hostname, port } = new URL(other));
    },
    slow: (ms) => {
      delayMs = ms;
    },
    cut,
    close: async () => {
      cut();
      listener.close();
      await once(listener, 'close');
    },
  };
}
