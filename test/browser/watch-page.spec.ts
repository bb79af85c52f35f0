import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { API_KEY } from '@app/kernel';
import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { fingerprint } from '../support/cas-sandbox.js';
import { describeInBrowser, startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { runCommand } from '../support/cli.js';
import { TestDeployment } from '../support/test-deployment.js';

const IMAGES = join(import.meta.dirname, '../../docs/images');
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 360, height: 740 };

describeInBrowser()('the watch page, as two people use it', () => {
  let deployment: TestDeployment;
  let browser: Browser;
  let first: Page;
  let second: Page;
  let third: Page;
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
      if (url.includes('wtt_')) faults.push('a ticket was sent in an address');
    });
  };

  const giveKey = async (page: Page) => {
    await page.getByLabel('API key', { exact: true }).fill(deployment.apiKey);
    await page.getByRole('button', { name: 'Use this key' }).click();
  };
  const linkOn = async (page: Page) => {
    await page.getByRole('img', { name: 'QR code of the link' }).waitFor();
    return page.getByLabel('Link', { exact: true }).inputValue();
  };
  const topOf = async (page: Page, selector: string) => (await page.locator(selector).boundingBox())?.y ?? NaN;
  const isIn = (page: Page, status: string) => page.locator(`#session[data-status=${status}]`).waitFor();
  const printsOn = async (page: Page) => {
    await page.locator('[data-fingerprint]').first().waitFor();
    return page.locator('.fingerprint').allInnerTexts();
  };
  const sit = async (page: Page, name: string, role: 'participant' | 'viewer' = 'participant') => {
    await page.getByLabel('Your name', { exact: true }).fill(name);
    await page.getByLabel(role, { exact: true }).check();
    await page.getByRole('button', { name: 'Take a seat' }).click();
  };
  const sitsAs = (page: Page, name: string) =>
    page.locator('#seat-held:visible #seat-held-name').getByText(name, { exact: true }).waitFor();
  const seatsShownOn = (page: Page) => page.locator('#seat-names li').allInnerTexts();
  const linkFor = async (page: Page, guests: 'move along' | 'stay behind') => {
    const before = await linkOn(page);
    if (await page.getByLabel(guests).isChecked()) await page.getByRole('button', { name: 'Another link' }).click();
    else await page.getByLabel(guests).check();
    return eventually(async () => {
      const link = await linkOn(page);
      expect(link).not.toBe(before);
      return link;
    });
  };
  const generationOn = (page: Page) => page.locator('#generation').innerText();
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
    await page.screenshot({ path: join(IMAGES, name), fullPage: true });
  };

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([
      TestDeployment.start({ queue: 'postgres', casLatencyMs: 1500, env: { DEMO: 'on', MAX_PARTICIPANTS: '3' } }),
      // A name for this machine that browsers do not trust without TLS.
      startBrowser('--host-resolver-rules=MAP watch.example 127.0.0.1'),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await deployment.end();
  });

  it('says that opening takes a key, if there is none', async () => {
    first = await open(`${deployment.gateway.url}/demo`);
    await first.getByRole('button', { name: 'Open the room' }).click();
    await first.getByRole('alert').getByText('Opening a room takes an API key').waitFor();
    expect(await seriousFaults(first)).toEqual([]);
  });

  it('asks for a key, and says what is wrong with a wrong one', async () => {
    await first.getByLabel('API key', { exact: true }).fill('wtk_nobody_x');
    await first.getByRole('button', { name: 'Use this key' }).click();
    await first.getByRole('button', { name: 'Open the room' }).click();
    const problem = first.locator('#problems');
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

  it('shows the same in a second window that knows the link alone, by a ticket and without any key', async () => {
    const link = await linkOn(first);
    expect(link).toMatch(/\/demo\?session=ses_[A-Za-z0-9]{22}#ticket=wtt_[\w.-]+$/);
    expect(await first.getByRole('img', { name: 'QR code of the link' }).count()).toBe(1);
    expect(await first.locator('#link-hint').innerText()).toMatch(/a ticket for this room, good until .* no key/);
    second = await open(link);
    await isIn(second, 'ready');
    expect(await printsOn(second)).toEqual(await printsOn(first));
  });

  it('shows a guest the session first, and nothing that takes a key', async () => {
    for (const name of ['Use this key', 'Open the room', 'Close the session'])
      expect([name, await second.getByRole('button', { name }).count()]).toEqual([name, 0]);
    for (const viewport of [DESKTOP, PHONE]) {
      await second.setViewportSize(viewport);
      expect(await second.locator('main .card:visible').first().getAttribute('id')).toBe('session');
      expect(await topOf(second, '#session')).toBeLessThan(viewport.height / 3);
    }
    await second.setViewportSize(DESKTOP);
    // Guests may pass the link on.
    expect(await linkOn(second)).toBe(second.url());
  });

  it('finds its session again after a reload: by the ticket, which is of no use elsewhere', async () => {
    await second.reload();
    await isIn(second, 'ready');
    const other = await deployment.client().openRoom('elsewhere', { wait: 10 });
    const page = await open('about:blank');
    await page.goto(second.url().replace(/ses_\w+/, other.body.id));
    await page.locator('#problems').getByText('insufficient-scope', { exact: true }).waitFor();
    await page.goto('about:blank');
    await page.goto(second.url().slice(0, -1));
    await page.getByText('This link has expired').waitFor();
    expect(await page.getByLabel('API key', { exact: true }).isVisible()).toBe(false);
    await page.close();
  });

  it('shares without a ticket if the key may issue none, and says so', async () => {
    const page = await open(first.url().replace(/#.*/, ''));
    const create = ['keys', 'create', '--name', 'reader', '--scopes', 'sessions:read,tokens:read'];
    const { lines } = await runCommand(create, { DATABASE_URL: deployment.database.url });
    await page.getByLabel('API key', { exact: true }).fill(lines.find((line) => API_KEY.test(line)) ?? '');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.locator('#link-hint').getByText('this key lacks the scope tickets:issue').waitFor();
    expect(await page.getByLabel('Link', { exact: true }).inputValue()).toMatch(/session=ses_[A-Za-z0-9]{22}$/);
    await page.close();
  });

  it('computes the same fingerprint over plain http, where browsers offer no cryptography', async () => {
    const page = await browser.newPage();
    await page.goto((await linkOn(first)).replace('127.0.0.1', 'watch.example'));
    await isIn(page, 'ready');
    expect(await page.evaluate<unknown>('[isSecureContext, typeof crypto.subtle]')).toEqual([false, 'undefined']);
    expect(await printsOn(page)).toEqual(await printsOn(first));
    await page.close();
  });

  it('has what is shared on the first screen of a phone', async () => {
    const page = await open(`${deployment.gateway.url}/demo`, { viewport: PHONE });
    await giveKey(page);
    await page.getByLabel('Room', { exact: true }).fill('phone');
    await page.getByRole('button', { name: 'Open the room' }).click();
    await isIn(page, 'ready');
    await linkOn(page);
    await page.evaluate('scrollTo(0, 0)');
    expect(await topOf(page, '#copy')).toBeLessThan(PHONE.height);
    expect(await topOf(page, '#share')).toBeLessThan(await topOf(page, '#tokens'));
    expect(await seriousFaults(page)).toEqual([]);
    await page.close();
  });

  it('seats two guests by ticket under two names: one is taken, and the suggestion is used with one key', async () => {
    third = await open(await linkFor(first, 'move along'));
    await isIn(third, 'ready');
    await sit(second, 'Anna');
    await sitsAs(second, 'Anna');
    await sit(third, ' anna ');
    await third.getByRole('alert').getByText('“anna” is taken.').waitFor();
    expect(await third.getByLabel('Your name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    expect(await seriousFaults(third)).toEqual([]);
    const offer = third.getByRole('button', { name: /^Sit as “anna \d+”$/ });
    const suggested = (await offer.innerText()).replace(/^Sit as “|”$/g, '');
    await third.keyboard.press('Enter');
    await sitsAs(third, suggested);
    await eventually(async () => {
      expect(await seatsShownOn(first)).toEqual(['Anna\nparticipant', `${suggested}\nparticipant`]);
      // Names are not for tickets.
      expect(await second.locator('#seat-counts').innerText()).toBe('2 participants, 0 viewers');
    });
    expect(await seatsShownOn(second)).toEqual([]);
  });

  it('offers a viewer’s seat when the session is full of participants', async () => {
    await sit(first, 'Host');
    await sitsAs(first, 'Host');
    const page = await open(await linkFor(first, 'move along'));
    await isIn(page, 'ready');
    await sit(page, 'Dora');
    await page.getByRole('alert').getByText('The session has 3 participants; viewers are welcome.').waitFor();
    await page.getByRole('button', { name: 'Sit as a viewer' }).click();
    await sitsAs(page, 'Dora');
    await eventually(async () => {
      expect(await seatsShownOn(first)).toContain('Dora\nviewer');
      expect(await seatsShownOn(first)).toContain('Host\nparticipant, you');
    });
    await screenshot(first, 'watch-page.png');
    // A window that is closed frees its seat, before its lease ends.
    await page.close({ runBeforeUnload: true });
    await eventually(async () => {
      expect(await seatsShownOn(first)).not.toContain('Dora\nviewer');
    });
  });

  it('says which names are none, and leaves a seat on request', async () => {
    await first.getByRole('button', { name: 'Leave the seat' }).click();
    await first.getByRole('status').getByText('You left your seat').waitFor();
    await sit(first, ' ');
    await first.getByRole('alert').getByText('A seat needs a name.').waitFor();
    await sit(first, 'a\u202eb');
    await first.getByRole('alert').getByText('The name must not contain control characters.').waitFor();
    await sit(first, 'Host', 'viewer');
    await sitsAs(first, 'Host');
  });

  it('takes its seat again if the lease lapsed while the window was asleep', async () => {
    const lapsed = await deployment.database.rows<{ id: string }>(
      `UPDATE seats SET lease_until = now() - interval '1 s' WHERE name = 'Anna' RETURNING id`,
    );
    await eventually(async () => {
      expect(await deployment.database.rows('SELECT 1 FROM seats WHERE id = $1', [lapsed[0]?.id])).toEqual([]);
    });
    // As when a person comes back to it.
    await second.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
    await second.getByRole('status').getByText('You sit again as “Anna”.').waitFor();
    expect(await deployment.database.rows(`SELECT 1 FROM seats WHERE name = 'Anna'`)).toHaveLength(1);
  });

  it.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
    ['dark', PHONE],
    ['light', { width: 320, height: 640 }],
  ] as const)('is accessible in %s at %j', async (colorScheme, viewport) => {
    for (const page of [first, second]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      expect(await seriousFaults(page)).toEqual([]);
      const [wide = NaN, there = NaN] = await page.evaluate<number[]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect(wide).toBeLessThanOrEqual(there);
    }
  });

  it('shows the problem of a room that is open with other products', async () => {
    await first.emulateMedia({ colorScheme: 'light' });
    await first.setViewportSize(DESKTOP);
    await first.getByLabel('Room', { exact: true }).fill('derby');
    await first.getByLabel('sync').uncheck();
    await first.getByRole('button', { name: 'Open the room' }).click();
    await first.locator('#problems').getByText('products-differ').waitFor();
    expect(await seriousFaults(first)).toEqual([]);
    await first.getByRole('button', { name: 'Dismiss' }).click();
  });

  it('shows no state as reached that never was', async () => {
    await deployment.cas.fault({ kind: 'hang' });
    const { body } = await deployment.client().openRoom('never ready');
    const page = await open(`${deployment.gateway.url}/demo?session=${body.id}`);
    await giveKey(page);
    await isIn(page, 'pending');
    await deployment.client().close(body.id);
    await isIn(page, 'closed');
    const steps = async () =>
      Promise.all((await page.locator('#timeline li').all()).map((step) => step.getAttribute('class')));
    expect(await steps()).toEqual(['done', '', 'current']);
    await deployment.cas.clearFaults();
    // Of a session that ended before, the page knows nothing but its end.
    await page.goto('about:blank');
    await page.goto(`${deployment.gateway.url}/demo?session=${body.id}`);
    await giveKey(page);
    await isIn(page, 'closed');
    expect(await steps()).toEqual(['', '', 'current']);
    await page.close();
  });

  it('rotates: both guests go on in the next generation, in their seats, and one whose ticket is for the session does not', async () => {
    const before = await printsOn(first);
    const roomLink = second.url();
    const away = await open(await linkFor(first, 'stay behind'));
    await isIn(away, 'ready');
    await sit(away, 'Carl', 'viewer');
    await sitsAs(away, 'Carl');
    const suggested = await third.locator('#seat-held-name').innerText();

    await first.getByRole('button', { name: 'Rotate', exact: true }).click();
    await first.getByText('Rotating closes this session').waitFor();
    expect(await seriousFaults(first)).toEqual([]);
    await first.keyboard.press('Escape');
    expect(await first.locator('#rotation').isVisible()).toBe(false);
    await first.getByRole('button', { name: 'Rotate', exact: true }).press('Enter');
    await first.getByRole('button', { name: 'Rotate now' }).click();

    const staying = [first, second, third];
    await eventually(async () => {
      expect(await Promise.all(staying.map(generationOn))).toEqual(['2', '2', '2']);
    });
    await Promise.all([sitsAs(first, 'Host'), sitsAs(second, 'Anna'), sitsAs(third, suggested)]);
    for (const page of staying) {
      expect(await printsOn(page)).toEqual(await printsOn(first));
      expect(await page.locator('#moved').innerText()).toContain('The room went on here');
    }
    expect(await printsOn(first)).not.toEqual(before);
    await eventually(async () => {
      expect((await seatsShownOn(first)).map((text) => text.split('\n')[0])).toEqual(['Anna', suggested, 'Host']);
    });

    const truth = async () => {
      await isIn(away, 'closed');
      expect(await away.locator('#says').innerText()).toContain(
        'If the host has rotated it, the others went on without',
      );
      expect([await away.locator('#tokens').isVisible(), await away.locator('#seat').isVisible()]).toEqual([
        false,
        false,
      ]);
      expect(await seriousFaults(away)).toEqual([]);
    };
    await truth();
    await away.reload();
    await truth();
    await away.close();

    // A window that was closed meanwhile: its link is for the room.
    const late = await open(roomLink);
    await eventually(async () => {
      expect(await generationOn(late)).toBe('2');
    });
    await late.close();
  });

  it('shows the end in both windows', async () => {
    await first.getByRole('button', { name: 'Close the session' }).click();
    await Promise.all([isIn(first, 'closed'), isIn(second, 'closed')]);
    expect(await second.locator('#tokens').isVisible()).toBe(false);
    expect(await second.locator('#share').isVisible()).toBe(false);
    expect(await second.locator('#seat').isVisible()).toBe(false);
    expect(await second.locator('#says').innerText()).toContain('once it is open again, reload this page');
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
