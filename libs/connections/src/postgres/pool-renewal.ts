import type { ClientBase, Pool, PoolClient } from 'pg';
import { hangUp } from './postgres-client.js';

/** Keeps a pool from going on with connections that lead to the wrong server. */
export class PoolRenewal {
  private readonly idle = new Set<PoolClient>();
  private readonly inUse = new Set<PoolClient>();
  private readonly outdated = new WeakSet<ClientBase>();

  constructor(pool: Pool) {
    pool.on('acquire', (client) => {
      this.idle.delete(client);
      this.inUse.add(client);
    });
    pool.on('release', (_error, client) => {
      this.inUse.delete(client);
      // The pool keeps no connection that is ending.
      if (this.outdated.has(client)) client.end().catch(() => undefined);
      else this.idle.add(client);
    });
    pool.on('remove', (client) => {
      this.idle.delete(client);
      this.inUse.delete(client);
    });
  }

  /** Closes the idle connections now, and those in use when they are released. */
  replaceAll(reason: Error): void {
    for (const client of this.inUse) this.outdated.add(client);
    // By an error, since the pool would hand out a connection that ended without one.
    for (const client of this.idle) hangUp(client, reason);
  }

  /** Closes a new connection when it is released for the first time. */
  useOnce(client: ClientBase): void {
    this.outdated.add(client);
  }
}
