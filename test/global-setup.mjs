// One Postgres and one Redis for the whole run. Test files clone the template database: it was migrated by the built
// command-line program, so every run also tests the way by which the product itself migrates.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PROJECT_NODE, ROOT, appEntry } from '../tools/paths.mjs';
import { freePort } from '../tools/ports.mjs';
import { startPostgres } from '../tools/postgres.mjs';
import { isAlive } from '../tools/processes.mjs';
import { redisServerPath, startRedis } from '../tools/redis.mjs';

const TEMPLATE = 'wt_template';
const PREFIX = 'watchtogether-test-';

export default async function globalSetup() {
  if (process.env.TEST_ONLY === 'unit') return;
  removeLeftovers();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Under root Postgres runs as another user, who must be able to pass through.
  chmodSync(directory, 0o711);
  const services = (globalThis.testServices = { directory });

  services.postgres = await startPostgres({
    dataDir: join(directory, 'postgres'),
    port: await freePort(),
    noSync: true,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 250 },
  });
  await makeTemplate(services.postgres.superuserUrl);
  process.env.TEST_PG_URL = services.postgres.superuserUrl;
  process.env.TEST_PG_TEMPLATE = TEMPLATE;

  services.redis = await redisOrNotice(directory);
  if (services.redis) process.env.TEST_REDIS_URL = services.redis.url;
  else delete process.env.TEST_REDIS_URL;
}

async function makeTemplate(adminUrl) {
  const templateUrl = adminUrl.replace(/\/postgres$/, `/${TEMPLATE}`);
  await query(adminUrl, `CREATE DATABASE ${TEMPLATE}`);
  const migrate = spawnSync(PROJECT_NODE, [appEntry('cli'), 'migrate'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...withoutJestOptions(), NODE_ENV: 'test', DATABASE_URL: templateUrl },
  });
  if (migrate.status !== 0) {
    throw new Error(`The migration of the test database failed:\n${migrate.stdout}${migrate.stderr}`);
  }
  // No connection may be open to a database while it is cloned.
  await query(adminUrl, `ALTER DATABASE ${TEMPLATE} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
}

function withoutJestOptions() {
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  delete env.DATABASE_URL_FILE;
  return env;
}

async function query(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function redisOrNotice(directory) {
  if (redisServerPath()) return startRedis({ port: await freePort(), dir: directory });
  const text =
    'redis-server is not installed: every test that needs a real Redis is SKIPPED (apt-get install redis-server)';
  if (process.env.CI === 'true') throw new Error(text);
  process.stderr.write(`\n${'!'.repeat(text.length)}\n${text}\n${'!'.repeat(text.length)}\n\n`);
  return undefined;
}

/** A run that was killed could not remove its directory. */
function removeLeftovers() {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    const path = join(tmpdir(), name);
    if (pid === undefined || isAlive(Number(pid))) continue;
    if (statSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.()) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
