import { statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { consecutiveFreePorts, isFree } from '../../tools/ports.mjs';
import { eventually } from '../support/eventually.js';
import { Checkout, type Command } from '../support/checkout.js';

// Each builds the whole product, some of them more than once.
jest.setTimeout(180_000);

describe('npm start', () => {
  let checkout: Checkout;
  let port: number;
  let launcher: Command;
  let second: Command;
  let sessionId: string;
  const env = () => ({ PORT: String(port) });
  /** Sends the request that the launcher has printed. */
  const requestAsPrinted = async () => {
    const [, method = '', url = '', key = ''] = await launcher.prints(
      /^curl -sX (PUT) (\S+) -H 'Authorization: (Bearer \S+)' -H 'Prefer: wait=10'$/m,
    );
    const reply = await fetch(url, { method, headers: { authorization: key, prefer: 'wait=10' } });
    return (await reply.json()) as { id: string; status: string; products: string[] };
  };

  beforeAll(async () => {
    checkout = new Checkout();
    port = await consecutiveFreePorts(5);
    writeFileSync(checkout.path('.env'), `PORT=1\nDEFAULT_PRODUCTS="stream,sync"\n`);
    launcher = checkout.start('node', ['tools/start.mjs'], env());
    await launcher.prints(/is up after/);
    // Waits for the first one, so it is given up late.
    second = checkout.start('node', ['tools/start.mjs'], { PORT: String(await consecutiveFreePorts(5)) });
  });
  afterAll(() => checkout.end());

  it('prints a request that gets a session with its token', async () => {
    const session = await requestAsPrinted();
    expect(session).toMatchObject({ status: 'ready', tokens: { stream: expect.any(String) } });
    sessionId = session.id;
  });

  it('reads .env, and the environment takes precedence', async () => {
    expect(launcher.output).toContain('read .env: 2 variables, 1 of them overridden by the environment');
    expect((await requestAsPrinted()).products).toEqual(['stream', 'sync']);
  });

  it('never runs Postgres as root', () => {
    const users = checkout.processes('.data/postgres').map((pid) => statSync(`/proc/${pid}`).uid);
    expect(users.length).toBeGreaterThan(0);
    expect(users).not.toContain(0);
  });

  it('is refused for data that is in use, and leaves the other in peace', async () => {
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(`Already running (pid ${launcher.pid}) on ${checkout.path('.data')}`);
    expect((await requestAsPrinted()).id).toBe(sessionId);
  });

  it('starts again at once after a kill -9, on the data it had', async () => {
    launcher.kill('SIGKILL');
    await launcher.exited;
    launcher = checkout.start('npm', ['start'], env());
    expect((await requestAsPrinted()).id).toBe(sessionId);
  });

  it('stops everything when npm is killed', async () => {
    launcher.kill('SIGKILL');
    await launcher.prints(/stopped after/);
    await eventually(() => {
      expect(checkout.processes()).toEqual([]);
    });
    for (let offset = 0; offset < 5; offset += 1) expect([offset, await isFree(port + offset)]).toEqual([offset, true]);
  });
});
