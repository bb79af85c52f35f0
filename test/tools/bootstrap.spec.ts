import { appendFileSync, chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Checkout } from '../support/checkout.js';

// Each builds the whole product, some of them more than once.
jest.setTimeout(180_000);

describe('the bootstrap', () => {
  let checkout: Checkout;
  beforeEach(() => {
    checkout = new Checkout();
  });
  afterEach(() => checkout.end());

  const builtAt = () => statSync(checkout.path('dist/.built')).mtimeMs;
  /** A directory with programs of these names, as the PATH of a machine that has no others. */
  const machineWith = (programs: Record<string, string>) => {
    const directory = checkout.path('machine');
    mkdirSync(directory);
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(`${directory}/${name}`, `#!/bin/sh\n${script}\n`);
      chmodSync(`${directory}/${name}`, 0o755);
    }
    return directory;
  };

  it('does nothing in a checkout that is up to date', async () => {
    const before = builtAt();
    expect(await checkout.run('bootstrap.mjs')).toEqual({ code: 0, signal: null, output: '' });
    expect(builtAt()).toBe(before);
  });

  it('builds when a source has changed', async () => {
    const before = builtAt();
    const entry = checkout.path('dist/apps/worker/main.js');
    const entryBefore = statSync(entry).mtimeMs;
    const now = new Date();
    utimesSync(checkout.path('libs/kernel/src/index.ts'), now, now);
    const { code, output } = await checkout.run('bootstrap.mjs');
    expect([code, output]).toEqual([0, expect.stringContaining('✓ build')]);
    expect(builtAt()).toBeGreaterThan(before);
    expect(statSync(entry).mtimeMs).toBeGreaterThan(entryBefore);
    expect((await checkout.run('bootstrap.mjs')).output).toBe('');
  });

  it('says why a build fails, keeps the previous one, and tries again the next time', async () => {
    const before = readFileSync(checkout.path('dist/apps/gateway/main.js'), 'utf8');
    appendFileSync(checkout.path('libs/kernel/src/index.ts'), 'export const broken = ;\n');
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { code, output } = await checkout.run('bootstrap.mjs');
      expect([code, output]).toEqual([1, expect.stringContaining('export const broken = ;')]);
    }
    expect(readFileSync(checkout.path('dist/apps/gateway/main.js'), 'utf8')).toBe(before);
  });

  it('installs when the lock file names another version, with install scripts and devDependencies whatever npm is told', async () => {
    const lock = checkout.path('package-lock.json');
    const other = readFileSync(lock, 'utf8').replace(/("node_modules\/typescript": \{\s+"version": ")/, '$19');
    writeFileSync(lock, other);
    const PATH = machineWith({ npm: 'echo "npm $*, as $NODE_ENV$npm_config_ignore_scripts"; exit 1' });
    const env = { PATH, NODE_ENV: 'production', npm_config_ignore_scripts: 'true' };
    const { code, output } = await checkout.run('bootstrap.mjs', [], env);
    expect(code).toBe(1);
    expect(output).toMatch(/npm ci failed:\nnpm ci .*--ignore-scripts=false --include=dev --include=optional, as$/m);
  });

  it('for the tests names the programs that are missing and the tests that are skipped', async () => {
    const PATH = machineWith({ faketime: 'true' });
    const { code, output } = await checkout.run('bootstrap.mjs', ['--for-tests'], { PATH });
    expect(code).toBe(0);
    expect(output).toContain('no redis-server: every test that needs a real Redis will be SKIPPED');
    expect(output).toContain('apt-get install --no-install-recommends redis-server pgbouncer nginx haproxy chromium');
    expect(output).not.toContain('faketime');
    expect((await checkout.run('bootstrap.mjs', ['--for-tests'], { PATH, CI: 'true' })).code).toBe(1);
  });
});
