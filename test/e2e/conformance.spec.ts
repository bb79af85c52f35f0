import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestDeployment } from '../support/test-deployment.js';

type Outcome = 'passed' | 'failed' | 'warned' | 'skipped';

interface Check {
  contract: string | null;
  id: string;
  title: string;
  outcome: Outcome;
  seen: string;
}

interface Report {
  contracts: { name: string; spoken: boolean; reason: string | null }[];
  checks: Check[];
  summary: Record<Outcome, number>;
}

interface Run {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

/** In the order in which they were made. */
const outcomes = ({ checks }: Report) => Object.fromEntries(checks.map(({ id, outcome }) => [id, outcome]));
const seen = ({ checks }: Report, id: string) => checks.find((check) => check.id === id)?.seen;

function conformance(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH };
    execFile(process.execPath, ['tools/conformance.mjs', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

async function conformanceReport(...args: string[]): Promise<Report & { code: Run['code']; text: string }> {
  const { code, stdout, stderr } = await conformance('--json', ...args);
  expect(stderr).toBe('');
  return { code, text: stdout, ...(JSON.parse(stdout) as Report) };
}

/** What a test started, ended after it. */
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listen(handler: RequestListener): Promise<string> {
  const server: Server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The command for --restart: it asks this test to restart the server, and returns when that is done. */
async function restartCommand(restart: () => Promise<unknown>): Promise<string> {
  const url = await listen((_request, response) => {
    restart().then(
      () => response.writeHead(204).end(),
      () => response.writeHead(500).end(),
    );
  });
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  const script = join(directory, 'restart.mjs');
  ends.push(() => rm(directory, { recursive: true }));
  writeFileSync(script, `process.exitCode = (await fetch('${url}')).status === 204 ? 0 : 1;\n`);
  return `'${process.execPath}' '${script}'`;
}

describe('against a naive server', () => {
  class NaiveServer {
    url = '';
    private child: ChildProcess | undefined;

    /** On the port that it had. */
    async start(tokenTtlS: number): Promise<this> {
      const port = this.url === '' ? '0' : new URL(this.url).port;
      const args = ['test/support/naive-server.mjs', port, '100', String(tokenTtlS)];
      this.child = spawn(process.execPath, args, {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env.PATH },
      });
      if (this.child.stdout === null) throw new Error('there is no stdout');
      const [line] = (await once(createInterface({ input: this.child.stdout }), 'line')) as [string];
      this.url = line;
      return this;
    }

    async kill(): Promise<void> {
      if (this.child?.exitCode !== null || this.child.signalCode !== null) return;
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }

    async restart(tokenTtlS: number): Promise<void> {
      await this.kill();
      await this.start(tokenTtlS);
    }
  }

  async function naive(tokenTtlS: number): Promise<NaiveServer> {
    const server = await new NaiveServer().start(tokenTtlS);
    ends.push(() => server.kill());
    return server;
  }

  it('finds every fault that the way of writing it brings', async () => {
    const ttlS = 8;
    const [one, other] = await Promise.all([naive(ttlS), naive(ttlS)]);
    const restart = await restartCommand(() => one.restart(ttlS));
    const report = await conformanceReport('--url', one.url, '--url', other.url, '--restart', restart);

    expect(report.contracts).toMatchObject([
      { name: 'room API', spoken: true },
      { name: '/v1', spoken: false },
    ]);
    expect(report.contracts[1]?.reason).toMatch(/404/);
    expect(outcomes(report)).toEqual({
      race: 'failed',
      replicas: 'failed',
      restart: 'failed',
      expiry: 'failed',
      'odd-names': 'failed',
      'separate-rooms': 'passed',
      'first-fields': 'failed',
      'forged-fields': 'failed',
      unknown: 'passed',
      'no-store': 'warned',
      malformed: 'failed',
    });
    expect(seen(report, 'race')).toMatch(/^200 clients of one room hold (\d\d) different tokens/);
    expect(seen(report, 'restart')).toMatch(/404/);
    expect(seen(report, 'odd-names')).toMatch(/__proto__: 200 without a wt_token/);
    expect(report.code).toBe(1);
    expect(report.text).not.toMatch(/eyJ[\w-]+\./);
  }, 90_000);

  it('says aloud what it could not check', async () => {
    const server = await naive(7200);
    const { code, stdout } = await conformance('--url', server.url, '--racers', '2');
    expect(code).toBe(1);
    expect(stdout).toMatch(/ – whoever joins .*: skipped, it needs a second --url/);
    expect(stdout).toMatch(/ – after a restart .*: skipped, it needs --restart CMD/);
    expect(stdout).toMatch(/ – an expired token .*: skipped, the token lives 7\d\d\d s more, and --max-wait is 20/);
    expect(stdout).toMatch(/\/v1\n {2}– all of it: skipped, not spoken here/);
    // One process that is asked one thing at a time remembers what the first caller said.
    expect(stdout).toMatch(/ ✓ what the first creator said of a room stays/);
    expect(stdout).toMatch(/\n\d passed, \d failed, 1 warned, 3 skipped in [\d.]+ s\n$/);
    expect(stdout).not.toMatch(/eyJ[\w-]+\./);
  }, 60_000);
});

/** The room contract as it should be, small: the promise is remembered before it is waited for. */
function soundServer(): RequestListener {
  const rooms = new Map<string, Promise<object>>();
  const make = async (name: string, fields: object) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const token = () => `opaque.${randomBytes(32).toString('hex')}.token`;
    return { ...fields, name, wt_token: token(), sync_token: token(), exp: Date.now() + 7_200_000 };
  };
  const create = async (request: IncomingMessage): Promise<[number, unknown]> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    if (request.headers['content-type'] !== 'application/json') return [415, { error: 'Only JSON' }];
    const { name, error: _error, ...fields } = JSON.parse(text) as Record<string, unknown>;
    if (typeof name !== 'string' || !/^[\w. -]{1,128}$/.test(name)) return [400, { error: 'Bad name' }];
    const room = rooms.get(name) ?? make(name, fields);
    rooms.set(name, room);
    return [200, await room];
  };
  const read = async (path: string): Promise<[number, unknown]> => {
    const room = rooms.get(decodeURIComponent(path.slice('/room/'.length)));
    return room === undefined ? [404, { error: 'Room not found' }] : [200, await room];
  };
  return (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    const answering =
      path === '/room/create' && request.method === 'POST'
        ? create(request)
        : path.startsWith('/room/')
          ? read(path)
          : Promise.resolve<[number, unknown]>([404, { message: 'no such path' }]);
    void answering
      .catch((): [number, unknown] => [400, { error: 'Malformed' }])
      .then(([status, body]) => {
        const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
        response.writeHead(status, headers).end(JSON.stringify(body));
      });
  };
}

describe('against a server that keeps the room contract', () => {
  it('finds nothing', async () => {
    const handler = soundServer();
    const [one, other] = await Promise.all([listen(handler), listen(handler)]);
    const report = await conformanceReport('--url', one, '--url', other);
    expect(report.checks.filter(({ outcome }) => outcome !== 'passed')).toMatchObject([
      { id: 'restart', outcome: 'skipped' },
      { id: 'expiry', outcome: 'skipped' },
    ]);
    expect(report.code).toBe(0);
  }, 60_000);
});

describe('against this product', () => {
  it('finds nothing, with two gateways, a restart and an expiry', async () => {
    // Long enough for the restart of three processes on a busy machine, short enough to be waited for.
    const env = { ROOM_API: 'on' };
    const deployment = await TestDeployment.start({ queue: 'postgres', gateways: 2, workers: 1, tokenTtlS: 20, env });
    ends.push(() => deployment.end());
    const urls = deployment.gateways.map(({ url }) => url);
    const restart = await restartCommand(async () => {
      await Promise.all([...deployment.gateways, ...deployment.workers].map((process) => process.kill9()));
      const ports = urls.map((url) => new URL(url).port);
      await Promise.all([...ports.map((PORT) => deployment.startGateway({ PORT })), deployment.startWorker()]);
    });
    const keyFile = join(deployment.directory, 'key');
    writeFileSync(keyFile, `${deployment.apiKey}\n`);

    const places = urls.flatMap((url) => ['--url', url]);
    const report = await conformanceReport(...places, '--key-file', keyFile, '--restart', restart, '--max-wait', '25');
    expect(report.checks.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    const made = (contract: string) => report.checks.filter((check) => check.contract === contract).map(({ id }) => id);
    const common = ['race', 'replicas', 'restart', 'expiry', 'odd-names', 'separate-rooms', 'first-fields'];
    expect(made('room API')).toEqual([...common, 'forged-fields', 'unknown', 'no-store', 'malformed']);
    expect(made('/v1')).toEqual([...common, 'unknown', 'closed', 'no-store', 'credential', 'malformed']);
    expect(report.contracts).toMatchObject([
      { name: 'room API', spoken: true },
      { name: '/v1', spoken: true },
    ]);
    expect(report.code).toBe(0);
    expect(report.text).not.toMatch(/eyJ[\w-]+\./);
    expect(report.text).not.toContain(deployment.apiKey);

    const race = report.checks.find(({ contract, id }) => contract === '/v1' && id === 'race')?.seen ?? '';
    const minted = await deployment.cas.journal();
    const known = minted.map(({ tokenFingerprint }) => String(tokenFingerprint));
    expect(known.some((fingerprint) => race.includes(fingerprint.slice(0, 8)))).toBe(true);
    // What the run opened it closed again, but for the names that may be somebody's.
    const live = await deployment.database.rows(
      "SELECT room FROM sessions WHERE status IN ('pending', 'ready', 'failed')",
    );
    expect(live.filter(({ room }) => String(room).startsWith('conformance-'))).toEqual([]);
  }, 180_000);

  it('takes a key that is missing, wrong or too weak for a failure, not for a pass', async () => {
    const deployment = await TestDeployment.start({ queue: 'postgres' });
    ends.push(() => deployment.end());
    const weak = await weakKey(deployment);
    const url = ['--url', deployment.gateway.url];

    const missing = await conformanceReport(...url);
    expect(missing.code).toBe(1);
    expect(outcomes(missing)).toMatchObject({ race: 'skipped', credential: 'passed', contract: 'failed' });

    const wrong = await conformanceReport(...url, '--key', 'wtk_wrong_secret');
    expect(wrong.code).toBe(1);
    expect(outcomes(wrong)).toMatchObject({ key: 'failed', race: 'skipped' });

    const blind = await conformanceReport(...url, '--key', weak);
    expect(blind.code).toBe(1);
    expect(seen(blind, 'key')).toMatch(/tokens:read/);
  }, 60_000);

  async function weakKey(deployment: TestDeployment): Promise<string> {
    const secret = randomBytes(32).toString('hex');
    const [id, hash] = [`weak${randomBytes(3).toString('hex')}`, createHash('sha256').update(secret).digest()];
    await deployment.database.rows('INSERT INTO api_keys (id, name, secret_sha256, scopes) VALUES ($1, $1, $2, $3)', [
      id,
      hash,
      ['rooms:open', 'sessions:read'],
    ]);
    return `wtk_${id}_${secret}`;
  }
});

describe('on the command line', () => {
  it.each([
    ['nothing', []],
    ['no URL', ['--url', 'localhost']],
    ['another scheme', ['--url', 'ftp://127.0.0.1/']],
    ['an unknown option', ['--url', 'http://127.0.0.1:1', '--fast']],
    ['too many racers', ['--url', 'http://127.0.0.1:1', '--racers', '10001']],
    ['two keys', ['--url', 'http://127.0.0.1:1', '--key', 'a', '--key-file', 'b']],
    ['a key file that is not there', ['--url', 'http://127.0.0.1:1', '--key-file', '/nowhere/key']],
  ])('answers %s with its usage and 2', async (_what, args) => {
    const { code, stdout, stderr } = await conformance(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/--url URL/);
  });

  it('helps', async () => {
    expect(await conformance('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/--restart CMD/) });
  });

  it('fails where nobody answers', async () => {
    const report = await conformanceReport('--url', 'http://127.0.0.1:1');
    expect(report.code).toBe(1);
    expect(outcomes(report)).toEqual({ contract: 'failed' });
  });
});
