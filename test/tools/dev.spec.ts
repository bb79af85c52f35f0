import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { consecutiveFreePorts } from '../../tools/ports.mjs';
import { Checkout, type Command } from '../support/checkout.js';
import { eventually, repeatedly } from '../support/eventually.js';

// Each builds the whole product, some of them more than once.
jest.setTimeout(180_000);

describe('npm run dev', () => {
  const lib = 'libs/kernel/src/index.ts';
  const problems = 'apps/gateway/src/problems/problem-codes.ts';
  let checkout: Checkout;
  let dev: Command;
  let url: string;
  /** The title of the gateway's answer where nothing is. */
  const title = async () => {
    const reply = await fetch(`${url}/nowhere`, { signal: AbortSignal.timeout(5000) });
    return ((await reply.json()) as { title: string }).title;
  };
  const edit = (file: string, change: (text: string) => string) => {
    writeFileSync(checkout.path(file), change(readFileSync(checkout.path(file), 'utf8')));
  };
  const setTitle = (text: string) => {
    edit(problems, (source) => source.replace(/(status: 404, title: )'[^']*'/, `$1'${text}'`));
  };

  beforeAll(async () => {
    checkout = new Checkout();
    const port = await consecutiveFreePorts(5);
    url = `http://127.0.0.1:${port}`;
    dev = checkout.start('node', ['tools/start.mjs', '--watch'], { PORT: String(port) });
    await dev.prints(/is up after/);
  });
  afterAll(() => checkout.end());

  it('serves a change of a source', async () => {
    setTitle('The first change');
    await eventually(async () => {
      expect(await title()).toBe('The first change');
    });
  });

  it('shows the route and the status of each request', async () => {
    await fetch(`${url}/livez?secret=1`);
    await dev.prints(/^\[gateway\] info request method=GET route=\/livez status=200 ms=\d+$/m);
    expect(dev.output).not.toContain('secret=1');
  });

  it('keeps serving the last good build while a lib is broken', async () => {
    const source = readFileSync(checkout.path(lib), 'utf8');
    appendFileSync(checkout.path(lib), 'export const broken = ;\n');
    setTitle('The change beside the fault');
    await dev.prints(/export const broken = ;/);
    await dev.prints(/compiled with .*error/);
    // As long as a restart would take.
    await repeatedly(100, 3000, async () => {
      expect(await title()).toBe('The first change');
    });

    writeFileSync(checkout.path(lib), source);
    await eventually(async () => {
      expect(await title()).toBe('The change beside the fault');
    });
  });

  it('goes on serving changes after builds in another terminal', async () => {
    for (const change of ['The change after a build', 'The change after another build']) {
      expect((await checkout.run('build.mjs')).code).toBe(0);
      setTitle(change);
      await eventually(async () => {
        expect(await title()).toBe(change);
      });
    }
  });

  it('stops on SIGINT, exits with 0, and leaves no build of its own', async () => {
    const isLeft = () => readdirSync(checkout.directory).some((name) => name.startsWith('dist.'));
    expect(isLeft()).toBe(true);
    dev.kill('SIGINT');
    expect(await dev.exited).toEqual({ code: 0, signal: null });
    expect(checkout.processes()).toEqual([]);
    expect(isLeft()).toBe(false);
  });
});
