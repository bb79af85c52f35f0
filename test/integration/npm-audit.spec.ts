import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LockFile, lockFileFaults, scriptFaults } from '../../tools/lock-file.mjs';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const lock = read('package-lock.json') as LockFile;
const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };

/** The lock file with one entry changed. */
const lockWith = (change: Record<string, unknown>): LockFile => ({
  ...lock,
  packages: { ...lock.packages, 'node_modules/fastify': { ...lock.packages['node_modules/fastify'], ...change } },
});

describe('the lock file', () => {
  it('is sound, and each install script in it was decided about', () => {
    expect(lockFileFaults(lock)).toEqual([]);
    expect(scriptFaults(lock, allowScripts)).toEqual([]);
  });

  it.each([
    [{ integrity: undefined }, 'has no SHA-512 of its contents'],
    [{ integrity: 'sha1-AAAA' }, 'has no SHA-512 of its contents'],
    [{ link: true }, 'is a link'],
    [{ version: 'git+ssh://git@host.example/a.git' }, /has the version git/],
    [{ resolved: 'http://packages.example.com/fastify.tgz' }, 'comes from http://packages.example.com/fastify.tgz'],
    [{ resolved: 'git+https://packages.example.com/fastify.git' }, /comes from git/],
    [{ resolved: 'https://10.1.2.3/fastify.tgz' }, /comes from/],
    [{ resolved: 'https://nexus/fastify.tgz' }, /comes from/],
    [{ resolved: 'https://npm.corp/fastify.tgz' }, /comes from/],
    [{ resolved: 'https://me:hush@packages.example.com/fastify.tgz' }, /comes from https:..…@packages/],
    [{ dependencies: { a: 'github:b/a' } }, 'wants a from outside a registry'],
    [{ dependencies: { a: 'file:../a' } }, 'wants a from outside a registry'],
    [{ optionalDependencies: { a: 'https://packages.example.com/a.tgz' } }, 'wants a from outside a registry'],
  ])('may not have a package with %j', (change, fault) => {
    const faults = lockFileFaults(lockWith(change));
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults[0]).toMatch(/^node_modules\/fastify /);
    expect(faults[0]).not.toContain('hush');
  });

  it('may name a public address', () => {
    expect(lockFileFaults(lockWith({ resolved: 'https://packages.example.com/fastify-5.tgz' }))).toEqual([]);
  });

  it('may want no package in any version that comes', () => {
    const root = { ...lock.packages[''], dependencies: { fastify: '^5.0.0' } };
    const faults = lockFileFaults({ ...lock, packages: { ...lock.packages, '': root } });
    expect(faults).toEqual(['package.json wants fastify ^5.0.0, not one version']);
  });

  it('may bring no install script that was not decided about', () => {
    expect(scriptFaults(lockWith({ hasInstallScript: true }), allowScripts)).toEqual([
      'fastify has an install script, and allowScripts does not say whether it may run',
    ]);
    expect(scriptFaults(lock, { ...allowScripts, fastify: true })).toEqual([
      'allowScripts names fastify, which has no install script',
    ]);
  });
});

/** npm is slow to start, and starts three times. */
const SLOW_MS = 90_000;
/** npm remembers what it heard of an advisory by its number. */
let number = 0;

describe('npm run audit', () => {
  let registry: Server;
  /** What the registry says of each package; undefined: it knows nothing of advisories. */
  let advisories: Record<string, string> | undefined;
  beforeAll(async () => {
    registry = createServer((request, response) => {
      const answer = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      request.resume();
      if (request.method === 'POST' && advisories !== undefined) answer(200, bulk(advisories));
      else answer(404, {});
    });
    await once(registry.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    registry.close();
    registry.closeAllConnections();
  });

  const bulk = (severities: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(severities).map(([name, severity]) => {
        const one = {
          id: ++number,
          url: 'https://advisories.example/1',
          title: 'a fault',
          severity,
          vulnerable_versions: '*',
        };
        return [name, [one]];
      }),
    );
  const run = async () => {
    const { port } = registry.address() as AddressInfo;
    const env = { ...process.env, npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: cache };
    const child = spawn(process.execPath, ['tools/audit.mjs'], { cwd: ROOT, env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, text };
  };
  const cache = join(ROOT, 'reports/npm-cache');

  it(
    'says plainly that no advisories were checked, and does the rest',
    async () => {
      advisories = undefined;
      const { code, text } = await run();
      expect(text).toMatch(/advisories, production +NOT CHECKED: the registry does not answer \(status 404\)/);
      expect(text).toMatch(/lock file +\d+ packages, all sound/);
      expect(code).toBe(0);
      const sbom = read('reports/sbom.cdx.json') as { bomFormat: string; components: { name: string }[] };
      expect(sbom.bomFormat).toBe('CycloneDX');
      const names = sbom.components.map(({ name }) => name);
      expect([names.includes('fastify'), names.includes('jest')]).toEqual([true, false]);
    },
    SLOW_MS,
  );

  it(
    'fails for a high advisory of a production dependency',
    async () => {
      advisories = { fastify: 'high', jest: 'critical' };
      const { code, text } = await run();
      expect(text).toContain('an advisory of a production dependency: fastify, high: a fault');
      expect(text).not.toContain('production dependency: jest');
      expect(code).toBe(1);
    },
    SLOW_MS,
  );

  it(
    'only tells of lesser ones, and of those of tools',
    async () => {
      advisories = { fastify: 'moderate', jest: 'critical' };
      const { code, text } = await run();
      expect(text).toMatch(/advisories, production +\d+ moderate \(.*fastify/);
      expect(text).toMatch(/advisories, all +.*critical \(.*jest/);
      expect(code).toBe(0);
    },
    SLOW_MS,
  );
});
