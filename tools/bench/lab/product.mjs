// The product as it runs in production: the built gateway and one worker, on a database of their own.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { PROJECT_NODE, ROOT, appEntry } from '../../paths.mjs';
import { consecutiveFreePorts } from '../../ports.mjs';
import { createDatabaseIfMissing } from '../../postgres/server.mjs';
import { waitUntil } from '../../processes.mjs';
import { run } from '../../run.mjs';
import { ToolError } from '../../steps.mjs';
import { requestBytes } from '../load/connection.mjs';
import { startServer } from './server.mjs';

/** Above the number of requests in flight, so that it is never the limit. */
const MINT_CONCURRENCY = 500;
const SETTLE_TIMEOUT_MS = 120_000;

/** @param options `name` of the database; `queue`: redis or postgres; the rest from the lab */
export async function startProduct({ name, queue, postgres, redis, cas, logs, profiles }) {
  await createDatabaseIfMissing(postgres.superuserUrl, name);
  const databaseUrl = Object.assign(new URL(postgres.superuserUrl), { pathname: `/${name}` }).href;
  const key = `wtk_bench_${randomBytes(32).toString('hex')}`;
  const ports = await freePorts();
  const common = { DATABASE_URL: databaseUrl, ...queueSettings(queue, redis, name) };
  const shared = { ...common, TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`, LOG_LEVEL: 'info' };
  const environments = {
    gateway: { ...shared, HOST: '127.0.0.1', BOOTSTRAP_API_KEY: key },
    worker: {
      ...shared,
      CAS_URL: cas.url,
      CAS_API_KEY: 'bench',
      CAS_API_SECRET: 'bench',
      MINT_CONCURRENCY: String(MINT_CONCURRENCY),
      POOL_REFILL_CONCURRENCY: String(MINT_CONCURRENCY),
    },
  };
  await migrate(common);

  const startApp = (app, { port, opsPort, pollMs }) =>
    startServer({
      name: app,
      args: [appEntry(app)],
      env: { ...environments[app], ...(app === 'gateway' ? { PORT: String(port) } : {}), OPS_PORT: String(opsPort) },
      logs,
      profiles,
      pollMs,
      readyUrl: `http://127.0.0.1:${app === 'gateway' ? port : opsPort}/readyz`,
    });
  const gateway = await startApp('gateway', { port: ports[0], opsPort: ports[1] });
  const worker = await startApp('worker', { opsPort: ports[2] });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  pool.on('error', () => undefined);

  const authorization = { authorization: `Bearer ${key}` };
  const product = {
    port: ports[0],
    workerOpsPort: ports[2],
    headers: authorization,
    databaseUrl,
    gateway,
    worker,
    /** Everything that takes part in a request. */
    servers: [
      gateway,
      worker,
      { name: 'postgres', directory: postgres.dataDir },
      ...(queue === 'redis' ? [{ name: 'redis', pid: redis.pid }] : []),
      cas,
    ],
    sql: (text, values) => pool.query(text, values),
    create: () => requestBytes('POST', '/v1/sessions', authorization),
    open: (room, { wait = 30, products } = {}) =>
      requestBytes(
        'PUT',
        `/v1/rooms/${room}/session`,
        { ...authorization, ...(wait > 0 ? { prefer: `wait=${wait}` } : {}) },
        products && { products },
      ),
    read: (id) => requestBytes('GET', `/v1/sessions/${id}`, authorization),
    /** Waits until no session is pending. */
    async settled() {
      const text = `SELECT 1 FROM sessions WHERE status = 'pending' LIMIT 1`;
      const none = async () => (await pool.query(text)).rowCount === 0;
      if (!(await waitUntil(none, { timeoutMs: SETTLE_TIMEOUT_MS, everyMs: 50 }))) {
        throw new ToolError(`sessions are still pending after ${SETTLE_TIMEOUT_MS / 1000} s`);
      }
    },
    /** A further process of an app, on ports of its own. */
    async another(app, { pollMs } = {}) {
      const [port, opsPort] = await freePorts();
      return { ...(await startApp(app, { port, opsPort, pollMs })), port };
    },
    async stop() {
      await Promise.all([gateway.stop(), worker.stop(), pool.end()]);
    },
  };
  return product;
}

function freePorts() {
  return consecutiveFreePorts(3).then((base) => [base, base + 1, base + 2]);
}

function queueSettings(queue, redis, name) {
  return queue === 'redis' ? { REDIS_URL: redis.url, QUEUE_PREFIX: name } : {};
}

async function migrate(env) {
  const { code, output } = await run(PROJECT_NODE, [appEntry('cli'), 'migrate'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
  });
  if (code !== 0) throw new ToolError(`The migration failed:\n${output.trim()}`);
}
