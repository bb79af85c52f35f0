import type { TestDeployment } from './test-deployment.js';

/** What a client wrote down while it opened rooms: what was promised to it, and what it was refused. */
export interface Ledger {
  /** Sessions for which there was a 2xx. */
  accepted: Set<string>;
  /** Answers by status; 0: no answer at all. */
  statuses: Map<number, number>;
}

/**
 * Opens rooms, `atOnce` requests at a time with `breathMs` between two of one client, each room several times, until
 * `stop` aborts. A gateway that is gone is a
 * cut connection, which every client of a real deployment sees as well: it is counted, not thrown.
 */
export async function openRooms(
  deployment: TestDeployment,
  atOnce: number,
  stop: AbortSignal,
  name = 'load',
  breathMs = 0,
): Promise<Ledger> {
  const ledger: Ledger = { accepted: new Set(), statuses: new Map() };
  let n = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (!stop.aborted) {
        const turn = n++;
        const client = deployment.client(turn % deployment.clients.length);
        const products = turn % 3 === 0 ? ['stream', 'sync'] : ['stream'];
        const room = `${name}-${Math.floor(turn / 6)}-${products.length}`;
        const reply = await client.openRoom(room, { body: { products } }).catch(() => null);
        const status = reply?.status ?? 0;
        ledger.statuses.set(status, (ledger.statuses.get(status) ?? 0) + 1);
        if (reply !== null && status < 300) ledger.accepted.add(reply.body.id);
        // A client that is refused takes a longer breath, as Retry-After asks it to.
        const breath = status === 0 || status >= 500 ? Math.max(breathMs, 50) : breathMs;
        if (breath > 0) await new Promise((resolve) => setTimeout(resolve, breath));
      }
    }),
  );
  return ledger;
}
