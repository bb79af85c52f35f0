import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { runCommand } from '../support/cli.js';
import { describeInBrowser, startBrowser } from '../support/chromium.js';
import { eventually, repeatedly } from '../support/eventually.js';
import { expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

const IMAGES = join(import.meta.dirname, '../../docs/images');
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 375, height: 740 };

describeInBrowser()('the console, as an operator uses it', () => {
  let deployment: TestDeployment;
  let browser: Browser;
  let page: Page;
  let url: string;
  const faults: string[] = [];

  const opsUrlOf = (gateway: { lines: { msg: string; url?: unknown }[] }) =>
    String(gateway.lines.find(({ msg }) => msg === 'ops port is listening')?.url);
  const open = async (address: string) => {
    const context = await browser.newContext({ viewport: DESKTOP, colorScheme: 'light', locale: 'en-GB' });
    const opened = await context.newPage();
    opened.setDefaultTimeout(20_000);
    opened.on('pageerror', (error) => faults.push(error.message));
    opened.on('console', (message) => {
      // Chromium tells of every 4xx; those of the API are answers that the page expects.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        faults.push(message.text());
    });
    opened.on('request', (request) => {
      if (request.url().includes(deployment.apiKey)) faults.push('the key stands in an address');
    });
    await opened.goto(address);
    return opened;
  };
  const signIn = async (on: Page) => {
    await on.getByLabel('API key with the scope admin').fill(deployment.apiKey);
    await on.getByRole('button', { name: 'Sign in' }).click();
    await on.locator('#headline-text p').waitFor();
  };
  const seriousFaults = async (on: Page) => {
    await on.evaluate(axe.source);
    const { violations } = await on.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };
  const screenshot = async (on: Page, name: string) => {
    if (process.env.UPDATE_SCREENSHOTS !== '1') return;
    mkdirSync(IMAGES, { recursive: true });
    await on.screenshot({ path: join(IMAGES, name) });
  };
  const headline = () => page.locator('#headline-text');

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([
      TestDeployment.start({ queue: 'postgres', casLatencyMs: 100 }),
      startBrowser(),
    ]);
    url = opsUrlOf(deployment.gateway);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await deployment.end();
  });

  it('asks for a key, refuses a wrong one, and keeps the right one out of every store', async () => {
    page = await open(`${url}/console`);
    await page.getByLabel('API key with the scope admin').fill('wtk_none_x');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('This key was not accepted').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await signIn(page);
    await headline().getByText('All well.').waitFor();
    const stored = await page.evaluate<number>('localStorage.length + sessionStorage.length + document.cookie.length');
    expect(stored).toBe(0);
  });

  it('shows a kick-off while it happens', async () => {
    const rooms = Array.from({ length: 40 }, (_, n) => deployment.client().openRoom(`kick-off-${n}`, { wait: 20 }));
    await page.locator('.tile', { hasText: 'Ready' }).getByText('40', { exact: true }).waitFor();
    await Promise.all(rooms);
    await page.locator('.tile', { hasText: 'Published' }).getByText(/[1-9]/).waitFor();
    await page.locator('.chart canvas').first().waitFor();
  });

  it('shows the warm pool beside its plan, and is accessible with it', async () => {
    const schedule = [
      { products: ['sync'], at: '2099-11-28T19:45:00Z', until: '2099-11-28T21:15:00Z', target: 10_000 },
    ];
    const body = { targets: [{ products: ['sync'], target: 3 }], schedule };
    await deployment.client().send('PUT', '/v1/pool', { body });
    const panel = page.locator('#pool');
    await panel.getByRole('row', { name: /^sync 3 3 0 .* 10,000 from 2099-11-2\d/ }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await deployment.client().send('PUT', '/v1/pool', { body: { targets: [], schedule: [] } });
    await deployment.database.rows('DELETE FROM pool_sets');
    await panel.waitFor({ state: 'hidden' });
  });

  it('says what is wrong, since when, what is done about it, and when it was over', async () => {
    await deployment.cas.fault({ kind: 'status', status: 503 });
    for (let n = 0; n < 3; n++) await deployment.client().openRoom(`in-trouble-${n}`);
    await headline()
      .getByText(/CAS answers 503 since \d\d:\d\d:\d\d/)
      .waitFor({ timeout: 60_000 });
    const text = await headline().innerText();
    expect(text).toMatch(
      /3 sessions wait; the circuit is open, and CAS is probed every 5 s|each session is tried again/,
    );
    expect(text).toMatch(/fail only at their deadline, the first at (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d/);
    expect(await seriousFaults(page)).toEqual([]);
    await screenshot(page, 'console.png');
    await deployment.cas.clearFaults();
    await headline()
      .getByText(/Last trouble: CAS answered 503, \d\d:\d\d:\d\d to \d\d:\d\d:\d\d/)
      .waitFor({ timeout: 90_000 });
  }, 180_000);

  it('keeps what it shows while refreshing is paused, and catches up when it goes on', async () => {
    const ready = page.locator('.tile', { hasText: /^Ready\d/ });
    const before = await ready.innerText();
    await page.getByRole('button', { name: 'Pause' }).click();
    const seen: string[] = [];
    page.on('request', (request) => seen.push(request.url()));
    await deployment.client().openRoom('while-paused', { wait: 20 });
    await repeatedly(500, 5000, async () => {
      expect(await ready.innerText()).toBe(before);
    });
    expect(seen).toEqual([]);
    await page.getByRole('button', { name: 'Resume' }).click();
    await eventually(async () => {
      expect(await ready.innerText()).not.toBe(before);
    });
    page.removeAllListeners('request');
  }, 60_000);

  it('tells of processes of another version', async () => {
    await deployment.database.rows(
      `INSERT INTO processes (id, kind, version, started_at, seen_at)
       VALUES ('worker-of-old', 'worker', '0.0.1', now() - interval '1 hour', now() + interval '10 seconds')`,
    );
    await headline()
      .getByText(/Processes of 2 versions run: .*0\.0\.1 \(1\)/)
      .waitFor();
    await page.locator('#processes').getByText('0.0.1').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await deployment.database.rows(`DELETE FROM processes WHERE id = 'worker-of-old'`);
    await headline().getByText('Processes of 2 versions').waitFor({ state: 'detached' });
  }, 60_000);

  it('lets an operator find a failed session, understand it, and retry it', async () => {
    await deployment.cas.fault({ kind: 'status', status: 401 });
    const { body } = await deployment.client().openRoom('refused', { wait: 20 });
    await deployment.cas.clearFaults();
    await page.locator('#nav').getByRole('link', { name: 'Sessions' }).click();
    await page.getByLabel('Status').selectOption('failed');
    await page.waitForURL(/\/console\/sessions\?status=failed$/);
    await page.getByRole('link', { name: body.id }).click();
    await page.locator('.why').getByText('cas-credentials-rejected').waitFor();
    await page.locator('.step.bad').first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await screenshot(page, 'console-session.png');
    await page.getByRole('button', { name: 'Retry…' }).click();
    await page.getByLabel('Reason').fill('credentials corrected');
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Retry', exact: true }).click();
    await page.locator('.session-head .status-ready').waitFor();
    await page.locator('.reason').getByText('credentials corrected').waitFor();
    expect(await page.getByRole('button', { name: 'Retry…' }).count()).toBe(0);
  });

  it('explains a conflict where it happens', async () => {
    const { body } = await deployment.client().openRoom('conflict', { wait: 20 });
    await page.locator('#nav').getByRole('link', { name: 'Sessions' }).click();
    await page.getByLabel('TokenID').fill(body.id);
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('button', { name: 'Close…' }).click();
    await deployment.client().close(body.id);
    await page.getByLabel('Reason').fill('no longer needed');
    await page.getByRole('button', { name: 'Close it for good' }).click();
    await page.getByRole('dialog').getByText('Nothing was done: the session is closed now.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  it.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
    ['dark', PHONE],
  ] as const)('is accessible in %s at %j', async (colorScheme, viewport) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    for (const name of ['Overview', 'Sessions', 'Queues', 'Webhooks']) {
      await page.locator('#nav').getByRole('link', { name }).click();
      await page.locator('main .empty, main table, main .chart, main iframe').first().waitFor();
      expect([name, await seriousFaults(page)]).toEqual([name, []]);
      const [wide = NaN, there = NaN] = await page.evaluate<number[]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect([name, wide]).toEqual([name, Math.min(wide, there)]);
      if (process.env.SCREENSHOTS !== undefined)
        await page.screenshot({
          path: join(process.env.SCREENSHOTS, `${name}-${colorScheme}-${viewport.width}.png`),
          fullPage: true,
        });
    }
  });

  it("shows BullMQ's board in a frame, with what waits while the queue is paused", async () => {
    expect(await runCommand(['queue', 'pause'], deployment.environment())).toMatchObject({ code: 0 });
    const { body } = await deployment.client().openRoom('queued');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(DESKTOP);
    await page.locator('#nav').getByRole('link', { name: 'Queues' }).click();
    const board = page.frameLocator('iframe.board');
    for (const name of ['mint-tokens', 'deliver-webhooks']) await board.getByText(name).first().waitFor();
    await board.getByRole('link', { name: 'mint-tokens' }).first().click();
    await board.getByText(body.id).first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await screenshot(page, 'console-queues.png');
    await board.getByRole('tab', { name: 'Options' }).first().click();
    await board.getByText('attempts').first().waitFor();
    // Its settings, whose button has no name.
    await board.locator('header button').last().click();
    await board.getByRole('dialog').waitFor();
    expect(faults).toEqual([]);
    if (process.env.SCREENSHOTS !== undefined)
      await page.screenshot({ path: join(process.env.SCREENSHOTS, 'queues.png') });
    expect(await runCommand(['queue', 'resume'], deployment.environment())).toMatchObject({ code: 0 });
    await expectReady(deployment, [body.id]);
    await page.locator('#nav').getByRole('link', { name: 'Overview' }).click();
  }, 60_000);

  it('shows what an endpoint of webhooks got, sends it again, and is accessible with that as well', async () => {
    const { body: webhook } = await deployment.client().send<{ id: string }>('POST', '/v1/webhooks', {
      body: { url: 'https://hooks.invalid/', types: ['session.ready'] },
    });
    await deployment.client().openRoom('hooked', { wait: 20 });
    await page.goto(`${url}/console/webhooks/${webhook.id}`);
    await signIn(page);
    const again = page.getByRole('button', { name: /^Send again: msg_/ });
    await again.waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await again.click();
    await page.getByLabel('Reason').fill('their server was down');
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Send again', exact: true }).click();
    await page.locator('#webhook-notice').getByText('is sent again').waitFor();
    await eventually(async () => {
      const [row] = await deployment.database.rows<{ attempts: number }>(
        'SELECT attempts FROM webhook_deliveries WHERE endpoint_id = $1',
        [webhook.id],
      );
      expect(row?.attempts).toBeGreaterThan(1);
    });
    await deployment.client().send('DELETE', `/v1/webhooks/${webhook.id}`);
  }, 60_000);

  it('offers no change when it is read-only', async () => {
    const gateway = await deployment.startGateway({ CONSOLE_READ_ONLY: 'on' });
    const { body } = await deployment.client().openRoom('looked at', { wait: 20 });
    const other = await open(`${opsUrlOf(gateway)}/console/sessions/${body.id}`);
    await other.getByLabel('API key with the scope admin').fill(deployment.apiKey);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByText('This console is read-only.').waitFor();
    expect(await other.getByRole('button', { name: 'Close…' }).count()).toBe(0);
  });

  it('works without a fault in the page', () => {
    expect(faults).toEqual([]);
  });
});
