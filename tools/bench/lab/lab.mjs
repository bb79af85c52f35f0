// What the figures are measured on, all on this machine: one Postgres and one Redis, a stand-in for CAS, the product and
// its peers. Each is started when a figure first asks for it, and kept until the end, so that rounds can alternate.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../ports.mjs';
import { modeOfParent, startPostgres } from '../../postgres.mjs';
import { startRedis } from '../../redis.mjs';
import { startProduct } from './product.mjs';
import { startServer } from './server.mjs';

/** Several deployments share the server; everything else is as `npm start` has it, fsync included. */
const POSTGRES_SETTINGS = { max_connections: '300' };

export class Lab {
  constructor({ logs, profiles } = {}) {
    this.logs = logs;
    this.profiles = profiles;
    this.directory = mkdtempSync(join(tmpdir(), 'watchtogether-bench-'));
    // Under root the data of Postgres would be kept elsewhere otherwise, and stay.
    chmodSync(this.directory, modeOfParent());
    this.started = new Map();
    this.stops = [];
  }

  /** Starts something once. */
  once(name, start) {
    if (!this.started.has(name)) this.started.set(name, this.start(start));
    return this.started.get(name);
  }

  async start(start) {
    const server = await start();
    this.stops.push(() => server.stop());
    return server;
  }

  postgres() {
    return this.once('postgres', async () =>
      startPostgres({ dataDir: join(this.directory, 'postgres'), port: await freePort(), settings: POSTGRES_SETTINGS }),
    );
  }

  redis() {
    return this.once('redis', () => startRedis({ dir: this.directory, args: ['--appendonly', 'yes'] }));
  }

  /** Answers each call after `latencyMs`. */
  async cas(latencyMs) {
    const cas = await this.once('cas', async () => {
      const server = await this.peer('cas-stand-in', []);
      return { ...server, name: 'cas', url: `http://127.0.0.1:${server.port}`, stop: () => undefined };
    });
    if (latencyMs !== undefined) await fetch(`${cas.url}/latency/${latencyMs}`);
    return cas;
  }

  /** The product with its queue in `redis` or `postgres`. */
  product(queue = 'redis', name = `on-${queue}`) {
    return this.once(name, async () => {
      const [postgres, redis, cas] = [await this.postgres(), await this.redis(), await this.cas()];
      return startProduct({ name, queue, postgres, redis, cas, logs: this.logs, profiles: this.profiles });
    });
  }

  /** A program of tools/bench/peers, which gets its port as its first argument. */
  peer(name, args) {
    return this.once(`peer ${name}`, async () => {
      const port = await freePort();
      const script = `tools/bench/peers/${name}.mjs`;
      const readyUrl = `http://127.0.0.1:${port}/ready`;
      const server = await startServer({ name, args: [script, String(port), ...args], logs: this.logs, readyUrl });
      return { ...server, port };
    });
  }

  /** In the opposite order of the starts. */
  async stop() {
    await Promise.allSettled(this.started.values());
    for (const stop of this.stops.reverse()) await stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
