import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { fingerprint } from '../support/cas-sandbox.js';
import { describeInBrowser, startBrowser } from '../support/chromium.js';
import { TestDeployment } from '../support/test-deployment.js';

/** A name that is not this machine's own: browsers trust `localhost` and 127.0.0.1 even without TLS, and no other. */
const NAME = 'auth.example';

describeInBrowser()('Swagger UI, as a person uses it', () => {
  let deployment: TestDeployment;
  let browser: Browser;
  let page: Page;
  let url: string;
  const faults: string[] = [];

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([
      TestDeployment.start({ queue: 'postgres' }),
      startBrowser(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`),
    ]);
    url = deployment.gateway.url.replace('127.0.0.1', NAME);
    page = await browser.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // What the policy refuses is told here, and that plain http makes one of the headers idle.
      const idle = message.text().startsWith('The Cross-Origin-Opener-Policy header has been ignored');
      if (message.type() === 'error' && !idle) faults.push(message.text());
    });
    page.on('requestfailed', (request) => faults.push(`${request.url()} failed`));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) {
        faults.push(`${request.url()} is not of this server`);
      }
    });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await deployment.end();
  });

  it('shows every operation over plain http by host name, from this server alone', async () => {
    await page.goto(`${url}/docs`);
    await page.locator('#operations-Rooms-openRoom').waitFor();
    const shown = await page.locator('.opblock').count();
    const { body } = await deployment.client().send<{ paths: Record<string, object> }>('GET', '/openapi.json');
    expect(shown).toBe(Object.values(body.paths).flatMap((methods) => Object.keys(methods)).length);
    expect(await page.title()).toBe('WatchTogether Auth Server');
  });

  it('takes an API key', async () => {
    await page.locator('.auth-wrapper .authorize').click();
    const dialog = page.locator('.dialog-ux');
    await dialog.locator('input').fill(deployment.apiKey);
    await dialog.locator('button[type=submit]').click();
    await dialog.getByText('Authorized', { exact: true }).waitFor();
    await dialog.locator('button.btn-done').click();
  });

  it('opens a room, waits for it and shows its token', async () => {
    const operation = page.locator('#operations-Rooms-openRoom');
    await operation.locator('.opblock-summary-control').click();
    const field = (name: string) => operation.locator(`tr[data-param-name="${name}"] input`);
    expect(await field('room').inputValue()).toBe('derby');
    await field('Prefer').fill('wait=10');
    await operation.locator('button.execute').click();

    const reply = operation.locator('.live-responses-table tr.response');
    await reply.locator('.response-col_status', { hasText: '201' }).waitFor();
    expect(await reply.locator('.response-col_description').innerText()).toContain('"room": "derby"');

    const session = await deployment.client().readRoom('derby');
    const token = session.body.tokens?.stream ?? '';
    expect(await reply.locator('.response-col_description').innerText()).toContain(`"stream": "${token}"`);
    const [call] = await deployment.cas.journal();
    expect(call?.tokenFingerprint).toBe(fingerprint(token));
  });

  it('has forgotten the key after a reload', async () => {
    await page.reload();
    await page.locator('.auth-wrapper .authorize.unlocked').waitFor();
    const kept = await page.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain('wtk_');
  });

  it('works without a fault in the page', () => {
    expect(faults).toEqual([]);
  });
});
