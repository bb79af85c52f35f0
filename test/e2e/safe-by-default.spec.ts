import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayNamespaces, sandboxNamespaces, workerNamespaces } from '@app/config';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import { Process } from '../support/process.js';
import { TestDeployment } from '../support/test-deployment.js';

const ROOT = join(import.meta.dirname, '../..');

interface Topic {
  variables: Record<string, { secret?: boolean; default?: string }>;
}

/** All that people read or run, but for the tests. */
const PLACES = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', '.env.example', 'openapi.json', 'package.json'],
  ...['docker-compose.yml', 'Dockerfile', 'docker', 'docs', 'apps', 'libs', 'clients', 'tools'],
];

function textsIn(place: string): string[] {
  const path = join(ROOT, place);
  if (!existsSync(path) || /\.spec\.ts$|\.png$|node_modules/.test(path)) return [];
  if (!statSync(path).isDirectory()) return [readFileSync(path, 'utf8')];
  return readdirSync(path).flatMap((name) => textsIn(join(place, name)));
}

const FORMS = {
  /** Shorter ones as well: part of a key must not be a key either. */
  apiKey: /\bwtk_\w*/g,
  jwt: /\beyJ[\w-]{5,}(?:\.[\w-]+){0,2}/g,
  bearer: /(?<=Bearer )[^\s"'`$<{}]{4,}/g,
  sealingKey: /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?!=)/g,
  casSecret: /(?<=CAS_API_(?:KEY|SECRET)\s*[=:]\s*["']?)[^\s"',;)}<$]+/g,
};

function samplesIn(texts: readonly string[]): Record<keyof typeof FORMS, string[]> {
  const found = (form: RegExp) => [...new Set(texts.flatMap((text) => text.match(form) ?? []))];
  const entries = Object.entries(FORMS).map(([name, form]) => [name, found(form)]);
  return Object.fromEntries(entries) as Record<keyof typeof FORMS, string[]>;
}

const WHOLE_KEY = /^wtk_[a-z0-9]{4,16}_[A-Za-z0-9]{43,128}$/;
const samples = samplesIn(PLACES.flatMap(textsIn));

describe('what stands in source and docs', () => {
  it('is found, where there is something', () => {
    const planted = [
      `curl -H "Authorization: Bearer wtk_demo1_${'aB3'.repeat(15)}"`,
      `TOKEN_ENCRYPTION_KEYS=k1:${Buffer.alloc(32, 7).toString('base64')}`,
      'CAS_API_SECRET=hush',
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x',
    ];
    expect(samplesIn(planted)).toEqual({
      apiKey: [`wtk_demo1_${'aB3'.repeat(15)}`],
      jwt: ['eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x'],
      bearer: [`wtk_demo1_${'aB3'.repeat(15)}`, 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x'],
      sealingKey: [Buffer.alloc(32, 7).toString('base64')],
      casSecret: ['hush'],
    });
    expect(samples.apiKey.length).toBeGreaterThan(1);
  });

  it('is no whole API key and no sealing key', () => {
    expect(samples.apiKey.filter((key) => WHOLE_KEY.test(key))).toEqual([]);
    expect(samples.sealingKey).toEqual([]);
  });

  it('gives no secret a default', () => {
    const topics = [gatewayNamespaces, workerNamespaces, sandboxNamespaces].flatMap(
      (one) => Object.values(one) as unknown as Topic[],
    );
    const variables = topics.flatMap((topic) => Object.entries(topic.variables));
    const secrets = variables.filter(([, { secret }]) => secret === true);
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((entry) => entry[1].default !== undefined)).toEqual([]);
  });
});

describe('a process without NODE_ENV', () => {
  let deployment: TestDeployment;
  let gateway: Process;
  let client: Client;
  const processes: Process[] = [];

  const start = (app: 'gateway' | 'worker' | 'cas-sandbox', env: Record<string, string>) => {
    const { NODE_ENV: _, ...rest } = env;
    const process = new Process(app, rest);
    processes.push(process);
    return process;
  };
  const gatewayWith = (extra: Record<string, string>) => start('gateway', deployment.gatewayEnvironment(extra));

  /** What it says when it refuses to start. */
  const refusal = async (process: Process, ...values: string[]) => {
    expect((await process.exited).code).toBe(1);
    await process.silent;
    for (const value of values) expect(process.everything()).not.toContain(value);
    return process.everything();
  };

  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 0, workers: 0 });
    gateway = await gatewayWith({}).waitUntilUp();
    client = new Client(gateway.url, deployment.apiKey);
  }, 60_000);
  afterAll(async () => {
    await client.end();
    await Promise.all(processes.map((process) => process.end()));
    await deployment.end();
  });

  it('knows the key that it was given, and no other', async () => {
    expect((await client.create()).status).toBe(202);
    const others = [
      ...Object.values(samples).flat(),
      '',
      'null',
      'undefined',
      'admin',
      'secret',
      'changeme',
      'password',
    ];
    for (const credential of new Set(others)) {
      for (const authorization of [`Bearer ${credential}`, credential, `Basic ${btoa(`admin:${credential}`)}`]) {
        const reply = await client.send<unknown>('GET', '/v1/sessions', { headers: { authorization } });
        // Who guesses for long may be told to wait.
        expect([authorization, [401, 429].includes(reply.status)]).toEqual([authorization, true]);
      }
    }
  });

  it('knows no key at all where none was given', async () => {
    const without = await gatewayWith({ BOOTSTRAP_API_KEY: '' }).waitUntilUp();
    const visitor = new Client(without.url, null);
    expect((await visitor.create()).status).toBe(401);
    await visitor.end();
  });

  it.each([
    ['x', 'equal bytes', Buffer.alloc(32, 7)],
    ['ab', 'bytes that count', Buffer.from(Array.from({ length: 32 }, (_, i) => i))],
    ['0123456', 'text', Buffer.from('0123456789abcdef0123456789abcdef')],
  ])('refuses an API key that repeats %j, and a sealing key of %s', async (text, _kind, key) => {
    const secret = text.repeat(64).slice(0, 48);
    const sample = key.toString('base64');
    const said = await refusal(
      gatewayWith({
        BOOTSTRAP_API_KEY: `wtk_sample_${secret}`,
        TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')},k2:${sample}`,
      }),
      secret,
      sample,
    );
    expect(said).toContain('BOOTSTRAP_API_KEY must contain a random secret, not a sample');
    expect(said).toContain('TOKEN_ENCRYPTION_KEYS must contain random keys');
  });

  it('refuses to seal with no key', async () => {
    expect(await refusal(gatewayWith({ TOKEN_ENCRYPTION_KEYS: '' }), deployment.apiKey)).toContain(
      'TOKEN_ENCRYPTION_KEYS is not set',
    );
  });

  it('shows no watch page, and hands out no key', async () => {
    for (const path of ['/demo', '/demo/', '/demo/page.js', '/demo/config.json']) {
      const reply = await client.send('GET', path, { headers: { host: 'localhost' } });
      expect([path, reply.status]).toEqual([path, 404]);
      expect(reply.text).not.toContain(deployment.apiKey);
    }
  });

  it('hands out no key where the watch page was switched on', async () => {
    const shown = await gatewayWith({ DEMO: 'on' }).waitUntilUp();
    const visitor = new Client(shown.url, null);
    const reply = await visitor.send('GET', '/demo/config.json');
    expect([reply.status, reply.body]).toEqual([
      200,
      { docs: true, networkOrigin: null, sdkUrl: null, sdkIntegrity: null },
    ]);
    await visitor.end();
  });

  it('admits no caller without a credential to a room, nor pages of other origins', async () => {
    expect((await client.send('POST', '/room/create', { body: {} })).status).toBe(404);
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const reply = await client.send('OPTIONS', '/v1/sessions', { headers });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([405, undefined]);
  });

  it('is no sandbox', async () => {
    const sandbox = start('cas-sandbox', {
      PORT: '0',
      CAS_API_KEY: 'a-key-of-ours',
      CAS_API_SECRET: 'a-secret-of-ours',
    });
    expect(await refusal(sandbox, 'a-secret-of-ours')).toContain('the CAS sandbox does not run in production');
  });

  it('calls no CAS without its credentials, nor over plain http', async () => {
    const env = deployment.workerEnvironment({ CAS_URL: 'http://cas.example', CAS_API_KEY: '', CAS_API_SECRET: '' });
    const said = await refusal(start('worker', env), deployment.sealingKeys);
    for (const fault of ['CAS_API_KEY is not set', 'CAS_API_SECRET is not set', 'CAS_URL must be https']) {
      expect(said).toContain(fault);
    }
  });
});
