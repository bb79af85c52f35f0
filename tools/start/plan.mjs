// What runs where: ports, the parts that are given from outside, and the environment of each process.
import { join, resolve } from 'node:path';
import { ROOT } from '../paths.mjs';
import { ToolError } from '../steps.mjs';

const HIGHEST_BASE_PORT = 65_535 - 4;

/** Variables that the launcher reads, each also as NAME_FILE. An empty one counts as not set. */
const READ = ['DATABASE_URL', 'REDIS_URL', 'CAS_URL', 'CAS_ENDPOINTS', 'BOOTSTRAP_API_KEY', 'TOKEN_ENCRYPTION_KEYS'];

export function makePlan(env) {
  const base = basePort(env.PORT);
  const given = Object.fromEntries(READ.map((name) => [name, Boolean(env[name] || env[`${name}_FILE`])]));
  // Either of them is a CAS from outside.
  given.CAS = given.CAS_URL || given.CAS_ENDPOINTS;
  const dataDir = resolve(ROOT, env.DATA_DIR || '.data');
  const ports = { gateway: base, gatewayOps: base + 1, workerOps: base + 2, sandbox: base + 3, postgres: base + 4 };
  return {
    given,
    ports,
    dataDir,
    logDir: join(dataDir, 'logs'),
    postgresDir: join(dataDir, 'postgres'),
    host: env.HOST || '127.0.0.1',
  };
}

function basePort(text = '') {
  if (text === '') return 3000;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= HIGHEST_BASE_PORT) return port;
  throw new ToolError(
    `PORT must be a whole number from 1 to ${HIGHEST_BASE_PORT} (four more ports follow it), not "${text}"`,
  );
}

/** Where clients on this machine reach the gateway. */
export function apiUrl({ host, ports }) {
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${address.includes(':') ? `[${address}]` : address}:${ports.gateway}`;
}

/** The ports that the parts will listen on. */
export function portsInUse({ ports, given, host }) {
  const list = [
    { port: ports.gateway, part: 'gateway', host },
    { port: ports.gatewayOps, part: 'gateway, ops port' },
    { port: ports.workerOps, part: 'worker, ops port' },
  ];
  if (!given.CAS) list.push({ port: ports.sandbox, part: 'CAS sandbox' });
  if (!given.DATABASE_URL) list.push({ port: ports.postgres, part: 'Postgres' });
  return list;
}

/** `ours` overrides the user's; NAME_FILE is removed with NAME, since both together are a configuration fault. */
function environment(userEnv, ours, withheld = []) {
  const env = { ...userEnv };
  for (const name of READ.flatMap((name) => [name, `${name}_FILE`])) if (env[name] === '') delete env[name];
  for (const name of [...Object.keys(ours), ...withheld]) {
    delete env[name];
    delete env[`${name}_FILE`];
  }
  return { ...env, ...ours };
}

export function environmentsOf(plan, userEnv, { databaseUrl, secrets }) {
  const { ports, given, host } = plan;
  const common = { NODE_ENV: 'development' };
  const database = databaseUrl ? { DATABASE_URL: databaseUrl } : {};
  const sealing = secrets.encryptionKeys ? { TOKEN_ENCRYPTION_KEYS: secrets.encryptionKeys } : {};
  const access = secrets.apiKey ? { BOOTSTRAP_API_KEY: secrets.apiKey } : {};
  const credentials = secrets.cas ? { CAS_API_KEY: secrets.cas.apiKey, CAS_API_SECRET: secrets.cas.apiSecret } : {};
  const cas = given.CAS ? {} : { CAS_URL: `http://127.0.0.1:${ports.sandbox}`, ...credentials };
  const casSecrets = ['CAS_API_KEY', 'CAS_API_SECRET', 'CAS_ENDPOINTS'];

  const gateway = { ...common, ...database, ...sealing, ...access, DEMO_LINK_SECRET: secrets.link, HOST: host };
  const worker = { ...common, ...database, ...sealing, ...cas };
  return {
    migrate: environment(userEnv, { ...common, ...database }),
    // The gateway gets no CAS secret, the worker no API key.
    gateway: environment(
      userEnv,
      { ...gateway, PORT: String(ports.gateway), OPS_PORT: String(ports.gatewayOps) },
      casSecrets,
    ),
    worker: environment(userEnv, { ...worker, OPS_PORT: String(ports.workerOps) }, ['BOOTSTRAP_API_KEY', 'PORT']),
    sandbox: environment(userEnv, { ...common, ...credentials, HOST: '127.0.0.1', PORT: String(ports.sandbox) }, READ),
  };
}
