import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConformanceReport as Report } from '../../clients/conformance/src/index.mjs';
import { TestApp } from '../support/test-app.js';
import { TestDeployment } from '../support/test-deployment.js';

interface Run {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

/** By check, in the order of the run. */
const outcomes = ({ checks }: Report) => Object.fromEntries(checks.map(({ id, outcome }) => [id, outcome]));
const seen = ({ checks }: Report, id: string) => checks.find((check) => check.id === id)?.seen;

function conformance(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH };
    execFile(process.execPath, ['clients/conformance/src/cli.mjs', ...args], { env }, (error, stdout, stderr) => {
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

/** The command for --restart: it makes this test restart the server, and returns when that is done. */
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
    const [one, other] = await Promise.all([naive(7200), naive(7200)]);
    // From then on its tokens expire soon, so that the run can wait for it.
    const restart = await restartCommand(() => one.restart(3));
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

  it('reports what it could not check', async () => {
    const server = await naive(7200);
    const { code, stdout } = await conformance('--url', server.url, '--racers', '2');
    expect(code).toBe(1);
    expect(stdout).toMatch(/ – clients that join through another replica .*: skipped, needs a second --url/);
    expect(stdout).toMatch(/ – after a restart .*: skipped, needs --restart CMD/);
    expect(stdout).toMatch(/ – an expired token .*: skipped, the token expires in 7\d\d\d s, and --max-wait is 20/);
    expect(stdout).toMatch(/\/v1\n {2}– all checks skipped: not spoken/);
    // A single process with one request at a time does keep them.
    expect(stdout).toMatch(/ ✓ the fields of the first creator are kept/);
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

describe('against a server that an input stops', () => {
  /** Stops listening, as a process that crashed would, on the first request whose body or path matches. */
  function fragileServer(fatal: RegExp, respondFirst: boolean): RequestListener {
    const sound = soundServer();
    return (request, response) => {
      const crash = () => {
        const { server } = request.socket as unknown as { server: Server };
        server.close();
        server.closeAllConnections();
      };
      const text: Buffer[] = [];
      request.on('data', (chunk: Buffer) => text.push(chunk));
      const isFatal = () => fatal.test(`${request.url ?? ''} ${Buffer.concat(text).toString()}`);
      if (respondFirst) {
        response.on('finish', () => {
          if (isFatal()) setImmediate(crash);
        });
      } else {
        request.on('end', () => {
          if (isFatal()) crash();
        });
      }
      sound(request, response);
    };
  }

  it.each([
    ['while it is handled', 'constructor', /"name":"constructor"/, false, 'odd-names'],
    ['after its response', 'a list', /"name":\["/, true, 'odd-names'],
    ['in a malformed body', 'JSON cut short', /malformed"$/, false, 'malformed'],
  ])(
    'names the input, and skips the rest: %s',
    async (_when, input, fatal, respondFirst, check) => {
      const url = await listen(fragileServer(fatal, respondFirst));
      const report = await conformanceReport('--url', url, '--racers', '2');
      expect(report.code).toBe(1);
      expect(seen(report, check)).toContain(`${url} stopped responding after this input: ${input} (`);
      const after = report.checks.slice(report.checks.findIndex(({ id }) => id === check) + 1);
      expect(after.every(({ outcome }) => outcome === 'skipped')).toBe(true);
      expect([...after.map((each) => each.seen), report.contracts[1]?.reason]).toContain(
        `the server no longer responds since the check ${check}`,
      );
    },
    30_000,
  );
});

describe('against this product', () => {
  it('finds nothing, with two gateways, a restart and an expiry', async () => {
    const env = { ROOM_API: 'on' };
    const deployment = await TestDeployment.start({ queue: 'postgres', gateways: 2, workers: 1, env });
    ends.push(() => deployment.end());
    const urls = deployment.gateways.map(({ url }) => url);
    const restart = await restartCommand(async () => {
      await Promise.all(deployment.gateways.map((process) => process.kill9()));
      await Promise.all(urls.map((url) => deployment.startGateway({ PORT: new URL(url).port })));
    });
    const keyFile = join(deployment.directory, 'key');
    writeFileSync(keyFile, `${deployment.apiKey}\n`);

    const places = urls.flatMap((url) => ['--url', url]);
    const report = await conformanceReport(...places, '--key-file', keyFile, '--restart', restart, '--max-wait', '0');
    expect(report.checks.filter(({ outcome }) => outcome !== 'passed')).toMatchObject([
      { contract: 'room API', id: 'expiry', outcome: 'skipped' },
      { contract: '/v1', id: 'expiry', outcome: 'skipped' },
    ]);
    // In a second run, so that the tokens of the first one outlive a restart on a busy machine.
    deployment.cas.setTokenTtl(3);
    const expiry = await conformanceReport(...places, '--key-file', keyFile, '--only', 'expiry');
    expect(expiry.checks).toMatchObject([
      { contract: 'room API', id: 'expiry', outcome: 'passed' },
      { contract: '/v1', id: 'expiry', outcome: 'passed' },
    ]);
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
    // The run closes what it opened, except for names that may be in use by others.
    const live = await deployment.database.rows(
      "SELECT room FROM sessions WHERE status IN ('pending', 'ready', 'failed')",
    );
    expect(live.filter(({ room }) => String(room).startsWith('conformance-'))).toEqual([]);
  }, 180_000);

  it('reports a missing, invalid or weak key as a failure', async () => {
    const testApp = await TestApp.open();
    ends.push(() => testApp.end());
    const url = ['--url', testApp.url];

    const missing = await conformanceReport(...url);
    expect(missing.code).toBe(1);
    expect(outcomes(missing)).toMatchObject({ race: 'skipped', credential: 'passed', contract: 'failed' });

    const wrong = await conformanceReport(...url, '--key', 'wtk_wrong_secret');
    expect(wrong.code).toBe(1);
    expect(outcomes(wrong)).toMatchObject({ key: 'failed', race: 'skipped' });

    const { apiKey: weak } = await testApp.clientWith('rooms:open', 'sessions:read');
    const blind = await conformanceReport(...url, '--key', String(weak));
    expect(blind.code).toBe(1);
    expect(seen(blind, 'key')).toMatch(/tokens:read/);
  }, 60_000);
});

describe('on the command line', () => {
  it.each([
    ['nothing', []],
    ['no URL', ['--url', 'localhost']],
    ['another scheme', ['--url', 'ftp://127.0.0.1/']],
    ['an unknown option', ['--url', 'http://127.0.0.1:1', '--fast']],
    ['too many racers', ['--url', 'http://127.0.0.1:1', '--racers', '10001']],
    ['an unknown check', ['--url', 'http://127.0.0.1:1', '--only', 'luck']],
    ['two keys', ['--url', 'http://127.0.0.1:1', '--key', 'a', '--key-file', 'b']],
    ['a missing key file', ['--url', 'http://127.0.0.1:1', '--key-file', '/nowhere/key']],
  ])('rejects %s with its usage and exit code 2', async (_what, args) => {
    const { code, stdout, stderr } = await conformance(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/--url URL/);
  });

  it('prints its usage', async () => {
    expect(await conformance('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/--restart CMD/) });
  });

  it('names the URL that does not respond, and why', async () => {
    const sound = await listen(soundServer());
    const report = await conformanceReport('--url', sound, '--url', 'http://127.0.0.1:1');
    expect(report.code).toBe(1);
    expect(report.checks).toMatchObject([{ id: 'reachable', outcome: 'failed' }]);
    expect(seen(report, 'reachable')).toMatch(/http:\/\/127\.0\.0\.1:1 does not respond .*ECONNREFUSED/);
  });

  it('runs only the checks that are named', async () => {
    const url = await listen(soundServer());
    const report = await conformanceReport('--url', url, '--only', 'unknown', '--only', 'no-store');
    expect(outcomes(report)).toEqual({ unknown: 'passed', 'no-store': 'passed' });
    expect(report.code).toBe(0);
  });
});
