import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { fingerprint } from '../support/cas-sandbox.js';
import { describeInBrowser, startBrowser } from '../support/chromium.js';
import { TestDeployment } from '../support/test-deployment.js';

const IMAGES = join(import.meta.dirname, '../../docs/images');
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 360, height: 740 };

describeInBrowser()('the watch page, as two people use it', () => {
  let deployment: TestDeployment;
  let browser: Browser;
  let first: Page;
  let second: Page;
  const contexts: BrowserContext[] = [];
  const faults: string[] = [];

  const open = async (address: string, options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({ viewport: DESKTOP, colorScheme: 'light', locale: 'en-GB', ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    watch(page);
    await page.goto(address);
    return page;
  };

  /** What a person would not see: errors in the console, refusals of the policy, requests to elsewhere. */
  const watch = (page: Page) => {
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // Chromium tells of every 4xx; those of the API are answers that the page expects.
      const answer = message.text().startsWith('Failed to load resource') && message.location().url.includes('/v1/');
      if (message.type() === 'error' && !answer) faults.push(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(deployment.gateway.url) && !url.startsWith('data:'))
        faults.push(`${url} is not of this server`);
      if (url.includes(deployment.apiKey)) faults.push('the key stands in an address');
    });
  };

  const giveKey = async (page: Page) => {
    await page.getByLabel('API key', { exact: true }).fill(deployment.apiKey);
    await page.getByRole('button', { name: 'Use this key' }).click();
  };
  const isIn = (page: Page, status: string) => page.locator(`#session[data-status=${status}]`).waitFor();
  const printsOn = async (page: Page) => {
    await page.locator('[data-fingerprint]').first().waitFor();
    return page.locator('.fingerprint').allInnerTexts();
  };
  const seriousFaults = async (page: Page) => {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };
  const screenshot = async (page: Page, name: string) => {
    if (process.env.UPDATE_SCREENSHOTS !== '1') return;
    mkdirSync(IMAGES, { recursive: true });
    await page.screenshot({ path: join(IMAGES, name) });
  };

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([
      TestDeployment.start({ queue: 'postgres', casLatencyMs: 1500, env: { DEMO: 'on' } }),
      startBrowser(),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await deployment.end();
  });

  it('asks for a key, and says what is wrong with a wrong one', async () => {
    first = await open(`${deployment.gateway.url}/demo`);
    await first.getByLabel('API key', { exact: true }).fill('wtk_nobody_x');
    await first.getByRole('button', { name: 'Use this key' }).click();
    await first.getByRole('button', { name: 'Open the room' }).click();
    const problem = first.getByRole('alert');
    await problem.getByText('unauthenticated', { exact: true }).waitFor();
    expect(await problem.innerText()).toMatch(/requestId\s+req_/);
    await giveKey(first);
  });

  it('tells the rules of a name before the server has to', async () => {
    await first.getByLabel('Room', { exact: true }).fill('semi/final');
    await first.getByRole('button', { name: 'Open the room' }).click();
    await first.locator('#room-fault').getByText('Only letters and digits').waitFor();
    expect(await first.getByLabel('Room', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  });

  it('opens a room: pending, then ready', async () => {
    await first.getByLabel('Room', { exact: true }).fill('derby');
    await first.getByLabel('sync').check();
    await first.getByRole('button', { name: 'Open the room' }).click();
    await isIn(first, 'pending');
    await isIn(first, 'ready');
    await first.getByRole('status').getByText('Ready: everyone with the link').waitFor();
    expect(await first.locator('#timeline [aria-current=step]').innerText()).toContain('Ready');
    expect(await first.locator('#countdown').innerText()).toMatch(/^(2:00:00|1:59:\d\d)$/);
  });

  it('shows the token’s fingerprint and claims', async () => {
    const { body } = await deployment.client().readRoom('derby');
    const tokens = [body.tokens?.stream ?? '', body.tokens?.sync ?? ''];
    const shown = (await printsOn(first)).map((text) => text.replaceAll(/\s/g, ''));
    expect(shown.sort()).toEqual(tokens.map(fingerprint).sort());
    expect(await first.locator('#tokens').innerText()).toContain('not verified here');
    expect(await first.locator('.claims').first().innerText()).toMatch(/exp\s+\d{10} · /);
    expect(await first.locator('body').innerText()).not.toContain(tokens[0]);
  });

  it('shows the same in a second window that knows the link alone', async () => {
    const link = await first.getByLabel('Link', { exact: true }).inputValue();
    expect(link).toMatch(/\/demo\?session=ses_[A-Za-z0-9]{22}$/);
    expect(await first.getByRole('img', { name: 'QR code of the link' }).count()).toBe(1);
    second = await open(link);
    await giveKey(second);
    await isIn(second, 'ready');
    expect(await printsOn(second)).toEqual(await printsOn(first));
    await screenshot(first, 'watch-page.png');
  });

  it('finds its session again after a reload, but not the key', async () => {
    await second.reload();
    await second.getByLabel('API key', { exact: true }).waitFor();
    await giveKey(second);
    await isIn(second, 'ready');
  });

  it.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
    ['dark', PHONE],
    ['light', { width: 320, height: 640 }],
  ] as const)('is accessible in %s at %j', async (colorScheme, viewport) => {
    await second.emulateMedia({ colorScheme });
    await second.setViewportSize(viewport);
    expect(await seriousFaults(second)).toEqual([]);
    const [wide = NaN, there = NaN] = await second.evaluate<number[]>(
      '[document.documentElement.scrollWidth, innerWidth]',
    );
    expect(wide).toBeLessThanOrEqual(there);
  });

  it('shows the problem of a room that is open with other products', async () => {
    await second.getByLabel('Room', { exact: true }).fill('derby');
    await second.getByLabel('sync').uncheck();
    await second.getByRole('button', { name: 'Open the room' }).click();
    await second.getByRole('alert').getByText('products-differ').waitFor();
    expect(await seriousFaults(second)).toEqual([]);
    await second.getByRole('button', { name: 'Dismiss' }).click();
  });

  it('shows the end in both windows', async () => {
    await first.getByRole('button', { name: 'Close the session' }).click();
    await Promise.all([isIn(first, 'closed'), isIn(second, 'closed')]);
    expect(await second.locator('#tokens').isVisible()).toBe(false);
    expect(await second.locator('#share').isVisible()).toBe(false);
    expect(await seriousFaults(first)).toEqual([]);
  });

  it('loads the SDK from where the configuration says, and joins with token and name', async () => {
    const { url } = await deployment.startGateway({ DEMO_SDK_URL: 'https://sdk.example/wt.js' });
    const page = await browser.newPage();
    await page.route('https://sdk.example/wt.js', (route) =>
      route.fulfill({
        contentType: 'text/javascript',
        body: 'globalThis.WTSession = { connect: async (...given) => { globalThis.joined = given; } };',
      }),
    );
    const session = await deployment.client().openRoom('cup', { wait: 10 });
    await page.goto(`${url}/demo?session=${session.body.id}`);
    await giveKey(page);
    await page.getByLabel('Your name in the room').fill('Ada');
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByText('Joined.', { exact: true }).waitFor();
    expect(await page.evaluate<unknown>('globalThis.joined')).toEqual([session.body.tokens?.stream, 'Ada']);
  });

  it('works without a fault in the page', () => {
    expect(faults).toEqual([]);
  });

  it('takes the development key from a link that works once, and leaves no trace of it in the address', async () => {
    const secret = 'only-once-0123456789-only-once';
    const { url } = await deployment.startGateway({ NODE_ENV: 'development', DEMO_LINK_SECRET: secret });
    const page = await open('about:blank');
    faults.length = 0;
    await page.goto(`${url}/demo#link=${secret}`);
    await page.getByText('Development key in use').waitFor();
    expect(page.url()).toBe(`${url}/demo`);
    const again = await open('about:blank');
    await again.goto(`${url}/demo#link=${secret}`);
    await again.getByRole('button', { name: 'Use this key' }).waitFor();
    expect(again.url()).toBe(`${url}/demo`);
  });
});
