import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { Process } from '../support/process.js';
import { expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

const ROOT = join(import.meta.dirname, '../..');
const APPS = ['gateway', 'worker', 'cas-sandbox', 'cli'] as const;

/** Runs `main.js` of an app, with some JavaScript before it. */
function run(app: string, { before = '', env = {}, dist = join(ROOT, 'dist') }) {
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  return spawnSync(process.execPath, [...preload, join(dist, 'apps', app, 'main.js')], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
    timeout: 60_000,
  });
}

describe('a process on a Node that is too old', () => {
  const OLD = `
    Object.defineProperty(process, 'version', { value: 'v20.20.2' });
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`;

  it.each(APPS)('says so in one sentence and exits with 1: %s', (app) => {
    const { status, stdout, stderr } = run(app, { before: OLD });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
    const needed = manifest.engines.node.replace('>=', '');
    expect(stderr).toBe(
      `watchtogether ${app} needs Node ${needed} or newer; this is v20.20.2 (${process.execPath}). ` +
        'See https://nodejs.org\n',
    );
  });
});

describe('a stack trace of a built process', () => {
  it('names the lines of the sources, whatever Node was told about source maps', () => {
    const source = 'apps/gateway/src/openapi/responses.ts';
    const lines = readFileSync(join(ROOT, source), 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes('Map.groupBy(')) + 1;
    const { stderr } = run('gateway', { before: `Map.groupBy = () => { throw new Error('as a test') };` });
    expect(stderr).toContain('Error: as a test');
    expect(stderr).toContain(`${join(ROOT, source)}:${String(line)}:`);
  });
});

describe('the built processes, with nothing beside them but package.json', () => {
  let directory: string;
  let deployment: TestDeployment;
  const processes: Process[] = [];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchtogether-built-'));
    cpSync(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true });
    writeFileSync(join(directory, 'package.json'), readFileSync(join(ROOT, 'package.json')));
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 0, workers: 0 });
  });
  afterAll(async () => {
    await Promise.all(processes.map((one) => one.end()));
    await deployment.end();
    rmSync(directory, { recursive: true, force: true });
  });

  it('serve a session from end to end, Swagger UI and the watch page', async () => {
    const gateway = new Process('gateway', deployment.gatewayEnvironment({ DEMO: 'on' }), [], directory);
    const worker = new Process('worker', deployment.workerEnvironment(), [], directory);
    processes.push(gateway, worker);
    await Promise.all(processes.map((one) => one.waitUntilUp()));
    const client = new Client(gateway.url, deployment.apiKey);
    const { body } = await client.openRoom('bundled');
    await expectReady(deployment, [body.id]);
    for (const path of ['/docs', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', '/demo/', '/demo/qrcode.js']) {
      const reply = await fetch(`${gateway.url}${path}`);
      await reply.body?.cancel();
      expect({ path, status: reply.status }).toEqual({ path, status: 200 });
    }
    await client.end();
  });

  it('read the SDK of traces only if there is a receiver for them', async () => {
    for (const app of ['gateway', 'worker']) rmSync(join(directory, 'dist/apps', app, 'vendor-tracing.js'));
    const environments = [deployment.gatewayEnvironment(), deployment.workerEnvironment()] as const;
    const without = [
      new Process('gateway', environments[0], [], directory),
      new Process('worker', environments[1], [], directory),
    ];
    processes.push(...without);
    await Promise.all(without.map((one) => one.waitUntilUp()));
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    const failing = new Process('gateway', { ...environments[0], ...traced }, [], directory);
    processes.push(failing);
    expect((await failing.exited).code).toBe(1);
    expect(failing.everything()).toContain('vendor-tracing.js');
    cpSync(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true });
  });

  it("serve BullMQ's board, and read its code only when it is opened", async () => {
    const gateway = new Process('gateway', deployment.gatewayEnvironment(), [], directory);
    processes.push(gateway);
    await gateway.waitUntilUp();
    const ask = async (path: string) => {
      const reply = await fetch(`${gateway.opsUrl}/console/api/board${path}`, {
        headers: { authorization: `Bearer ${deployment.apiKey}` },
      });
      return { status: reply.status, text: await reply.text() };
    };
    const page = await ask('/');
    for (const [, name] of page.text.matchAll(/(?:src|href)="(static\/[^"]+)"/g))
      expect([name, (await ask(`/${String(name)}`)).status]).toEqual([name, 200]);
    const code = join(directory, 'dist/apps/gateway/vendor-board.js');
    rmSync(code);
    expect((await ask('/api/queues')).status).toBe(503);
    cpSync(join(ROOT, 'dist/apps/gateway/vendor-board.js'), code);
    await eventually(async () => {
      const { status, text } = await ask('/api/queues');
      expect([status, text]).toEqual([200, expect.stringMatching(/"mint-tokens".*"deliver-webhooks"/)]);
    });
  });

  it.each(readdirSync(join(ROOT, 'dist/apps')))('state the licence of everything that is in %s', (app) => {
    const place = join(directory, 'dist/apps', app);
    const bundles = readdirSync(place).filter((name) => name.endsWith('.js'));
    const code = bundles.map((name) => readFileSync(join(place, name), 'utf8')).join('\n');
    const inside = code.matchAll(/^ *"\.\/(?:node_modules\/.*)?node_modules\/((?:@[^/]+\/)?[^/]+)\/[^"]*" *\(/gm);
    const stated = readFileSync(join(place, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    const names = [...new Set([...inside].map(([, name]) => String(name)))];
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\S* \\(.+\\)$`, 'm').test(stated))).toEqual(
      [],
    );
  });
});
