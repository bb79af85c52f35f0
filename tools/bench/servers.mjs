// The two servers of the benchmarks, each in its own process, with one interface.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROJECT_NODE, ROOT } from '../paths.mjs';
import { consecutiveFreePorts } from '../ports.mjs';
import { ToolError } from '../steps.mjs';

/** Duration of a CAS call in ms, the same for both servers. */
const CAS_LATENCY_MS = 100;

/** `join` and `read` are the requests that join a room and read its session; `tokenOf` is the token in a reply. */
export async function startProduct(directory) {
  const port = await consecutiveFreePorts(5);
  const env = {
    ...process.env,
    PORT: String(port),
    DATA_DIR: directory,
    SANDBOX_LATENCY_MS: String(CAS_LATENCY_MS),
    DEFAULT_PRODUCTS: 'stream,sync',
  };
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'CAS_URL', 'BOOTSTRAP_API_KEY', 'TOKEN_ENCRYPTION_KEYS']) {
    // Empty rather than deleted: a .env file could set a missing one.
    env[name] = '';
    env[`${name}_FILE`] = '';
  }
  const server = launch(['tools/start.mjs'], env);
  await server.saying(/A session with its token/);
  const key = readFileSync(join(directory, 'bootstrap-api-key'), 'utf8').trim();
  const url = `http://127.0.0.1:${port}`;
  const headers = { authorization: `Bearer ${key}` };
  return {
    name: 'product',
    url,
    stop: server.stop,
    join: (room) => ({
      url: `${url}/v1/rooms/${room}/session`,
      method: 'PUT',
      headers: { ...headers, prefer: 'wait=30' },
    }),
    tokenOf: (body) => body.tokens?.stream,
    read: (body) => ({ url: `${url}/v1/sessions/${body.id}`, method: 'GET', headers }),
  };
}

export async function startPeer() {
  const server = launch(['test/support/naive-server.mjs', '0', String(CAS_LATENCY_MS)], process.env);
  const [url] = await server.saying(/^http:\S+/);
  return {
    name: 'peer',
    url,
    stop: server.stop,
    join: (room) => ({ url: `${url}/room/create`, method: 'POST', headers: {}, body: JSON.stringify({ name: room }) }),
    tokenOf: (body) => body.wt_token,
    read: (body) => ({ url: `${url}/room/${body.name}`, method: 'GET', headers: {} }),
  };
}

function launch(args, env) {
  const child = spawn(PROJECT_NODE, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = once(child, 'exit');
  const said = [];
  const waiting = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      for (const look of waiting) look();
    });
  }
  return {
    saying: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = said.map((line) => pattern.exec(line)).find(Boolean);
          if (match) resolve(match);
        };
        waiting.add(look);
        look();
        void gone.then(() => reject(new ToolError(`${args[0]} ended:\n${said.join('\n')}`)));
      }),
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
