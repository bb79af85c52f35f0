import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { snippet } from '../support/snippets.js';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const DEPENDENCIES = ['openapi-fetch', 'openapi-typescript-helpers', 'eventsource-parser'];

interface Packed {
  filename: string;
  files: { path: string }[];
}

const run = async (cwd: string, command: string, ...args: string[]): Promise<string> => {
  const { PATH, HOME } = process.env;
  const options = { cwd, env: { PATH, HOME }, maxBuffer: 1e8 };
  const { stdout } = await promisify(execFile)(command, args, options).catch((error: unknown) => {
    // Where tsc says what is wrong.
    if (error instanceof Error && 'stdout' in error) error.message += String(error.stdout);
    throw error;
  });
  return stdout;
};

let directory: string;
let client: Packed;
let kit: Packed;
/** An empty folder into which both tarballs were installed, without a network. */
let consumer: string;

async function pack(source: string, ...options: string[]): Promise<Packed> {
  const stdout = await run(source, 'npm', 'pack', '--json', '--pack-destination', directory, ...options);
  const [packed] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [Packed];
  return packed;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'packages-'));
  consumer = mkdtempSync(join(directory, 'consumer-'));
  client = await pack(join(ROOT, 'clients/typescript'));
  kit = await pack(join(ROOT, 'clients/conformance'));
  // What the client needs comes from this checkout, packed again, instead of a registry.
  const others = DEPENDENCIES.map((name) => pack(join(ROOT, 'node_modules', name), '--ignore-scripts'));
  const tarballs = [client, kit, ...(await Promise.all(others))].map(({ filename }) => join(directory, filename));
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }');
  await run(consumer, 'npm', 'install', '--offline', '--no-audit', '--no-fund', ...tarballs);
}, 120_000);
afterAll(() => rm(directory, { recursive: true }));

const node = (file: string, code: string, ...args: string[]) => {
  writeFileSync(join(consumer, file), code);
  return run(consumer, process.execPath, file, ...args);
};

/** As in a strict project, without the types of Node. */
async function compile(...files: string[]): Promise<void> {
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const target = { module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom', 'dom.asynciterable'], types: [] };
  const project = join(consumer, `${String(files[0])}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions: { ...strict, ...target, noEmit: true }, files }));
  await run(consumer, process.execPath, TSC, '-p', project);
}

describe('the packed client', () => {
  it('holds its code in both formats, its types, and nothing of the tests', () => {
    const paths = client.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/cjs/index.js',
        'dist/cjs/generated/schema.d.ts',
        'dist/esm/index.js',
        'dist/esm/index.d.ts',
        'dist/esm/generated/schema.d.ts',
      ]),
    );
    expect(paths.filter((path) => path.includes('.spec.'))).toEqual([]);
  });

  it('has source maps that hold their sources', () => {
    const home = join(consumer, 'node_modules/watchtogether-auth-client/dist/esm');
    const maps = readdirSync(home).filter((name) => name.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(3);
    for (const name of maps) {
      const map = JSON.parse(readFileSync(join(home, name), 'utf8')) as { sourcesContent?: string[] };
      expect(map.sourcesContent?.[0]).toContain('export');
    }
  });

  const CALL = `
    const client = createClient({ baseUrl: 'http://127.0.0.1:1000', credential: 'wtk', fetch: async (request) =>
      Response.json({ id: 'ses_1', status: 'ready', tokens: { stream: new URL(request.url).pathname } }) });
    client.openRoom('derby', { products: ['stream'] })
      .then((room) => client.waitUntilReady(room))
      .then(({ tokens }) => console.log(tokens.stream));`;

  it.each([
    ['client.mjs', `import { createClient } from 'watchtogether-auth-client';`],
    ['client.cjs', `const { createClient } = require('watchtogether-auth-client');`],
  ])('works in %s', async (file, load) => {
    expect(await node(file, load + CALL)).toBe('/v1/sessions/ses_1\n');
  });

  it('compiles in strict TypeScript as its README shows, in both formats', async () => {
    const code = `
      declare const baseUrl: string, apiKey: string, tokenId: string, signal: AbortSignal;
      declare function connect(token: string): void;
      declare function show(status: string): void;
      ${snippet('clients/typescript/README.md', 'client')}
      async function follow() { ${snippet('clients/typescript/README.md', 'watch')} }
      void follow();`;
    // CommonJS has no top-level await.
    const [, imports = '', rest = ''] = /^([^]*?import .*\n)([^]*)$/.exec(code) ?? [];
    writeFileSync(join(consumer, 'readme.mts'), `${imports}${rest}`);
    writeFileSync(join(consumer, 'readme.cts'), `${imports}async function main() {${rest}}\nvoid main();`);
    await compile('readme.mts', 'readme.cts');
  }, 60_000);

  it('lets a token through only for the products that were named', async () => {
    const code = `
      import { createClient } from 'watchtogether-auth-client';
      declare function connect(token: string): void;
      const client = createClient({ baseUrl: '', credential: '' });
      const one = await client.waitUntilReady(await client.openRoom('a', { products: ['stream'] }));
      connect(one.tokens.stream);
      // @ts-expect-error sync was not requested
      connect(one.tokens.sync);
      const unnamed = await client.waitUntilReady(await client.openRoom('a'));
      // @ts-expect-error the server decides which products these are
      connect(unnamed.tokens.stream);
      const products: ('stream' | 'sync')[] = ['stream'];
      const listed = await client.waitUntilReady(await client.createSession({ products }));
      // @ts-expect-error the list is known only at run time
      connect(listed.tokens.sync);
      // @ts-expect-error it may not be ready
      connect((await client.read('ses_1')).tokens.stream);
      export {};`;
    writeFileSync(join(consumer, 'products.mts'), code);
    await compile('products.mts');
  }, 60_000);
});

describe('the packed conformance kit', () => {
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('has a command', async () => {
    const command = join(consumer, 'node_modules/.bin/watchtogether-auth-conformance');
    expect(await run(consumer, command, '--help')).toMatch(/^watchtogether-auth-conformance --url URL/);
    await expect(run(consumer, command, '--url', url)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('PUT /v1/rooms/{room}/session responds with 404'),
    });
  });

  it.each([
    ['kit.mjs', `import { runConformance } from 'watchtogether-auth-conformance';`],
    ['kit.cjs', `const { runConformance } = require('watchtogether-auth-conformance');`],
  ])('works in %s', async (file, load) => {
    const call = `runConformance({ urls: [process.argv[2]] }).then(({ summary }) => console.log(JSON.stringify(summary)));`;
    const summary = JSON.parse(await node(file, load + call, url)) as unknown;
    expect(summary).toEqual({ passed: 0, failed: 1, warned: 0, skipped: 0 });
  });

  it('has types', async () => {
    const code = `
      import { type ConformanceReport, runConformance } from 'watchtogether-auth-conformance';
      const report: ConformanceReport = await runConformance({ urls: ['http://127.0.0.1'], only: ['race'] });
      // @ts-expect-error no check has this name
      await runConformance({ urls: [], only: ['luck'] });
      export { report };`;
    writeFileSync(join(consumer, 'kit.mts'), code);
    await compile('kit.mts');
  }, 60_000);
});
