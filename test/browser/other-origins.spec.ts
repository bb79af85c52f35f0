import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import ts from 'typescript';
import { ROUTES } from '../../apps/gateway/src/routing/routes.js';
import type { AuthClient } from '../../clients/typescript/src/index.js';
import { describeInBrowser, startBrowser } from '../support/chromium.js';
import type { Session } from '../support/client.js';
import { TestDeployment } from '../support/test-deployment.js';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = `<!doctype html><title>a page of the customer's</title>
<script type="importmap">{ "imports": { "openapi-fetch": "/openapi-fetch.js", "eventsource-parser": "/eventsource-parser.js" } }</script>
<script type="module">
  import { createClient } from '/client/index.js';
  const asked = new URLSearchParams(location.search);
  globalThis.client = createClient({ baseUrl: asked.get('api'), credential: () => location.hash.slice(1) });
</script>`;

/** What a page of the customer's has: itself, the typed client, and what that imports. */
function contentOf(path: string): [type: string, content: string] {
  if (path === '/') return ['text/html', PAGE];
  if (path === '/openapi-fetch.js') return ['text/javascript', read('node_modules/openapi-fetch/dist/index.mjs')];
  if (path === '/eventsource-parser.js') {
    return ['text/javascript', read('node_modules/eventsource-parser/dist/index.js')];
  }
  const source = read(`clients/typescript/src/${path.replace('/client/', '').replace(/\.js$/, '.ts')}`);
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
  return ['text/javascript', ts.transpileModule(source, { compilerOptions }).outputText];
}

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

/** Another origin: the same machine by another port. */
async function startSite(): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    const [type, content] = contentOf(pathname);
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Sent without a preflight, whatever the server allows: the page cannot read the replies, but the server is asked. */
const SIMPLE_REQUESTS = `async (urls) => {
  let sent = 0;
  const count = () => { sent++; };
  for (const url of urls) {
    const text = { body: '{}', headers: { 'content-type': 'text/plain' } };
    for (const init of [{}, { method: 'POST' }, { method: 'POST', ...text }]) {
      // The reply is kept from the page (Cross-Origin-Resource-Policy), but it was made.
      await fetch(url, { mode: 'no-cors', ...init }).then(count, count);
    }
    navigator.sendBeacon(url, '{}');
    const frame = document.createElement('iframe');
    frame.name = url;
    const form = document.createElement('form');
    Object.assign(form, { method: 'POST', action: url, target: url });
    document.body.append(frame, form);
    form.submit();
  }
  return sent;
}`;

/** In the page. */
type InPage = typeof globalThis & { client: AuthClient };

describeInBrowser()('pages of other origins, in a browser', () => {
  let deployment: TestDeployment;
  let browser: Browser;
  let listed: Awaited<ReturnType<typeof startSite>>;
  let stranger: Awaited<ReturnType<typeof startSite>>;

  const open = async (origin: string): Promise<Page> => {
    const page = await browser.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${origin}/?api=${encodeURIComponent(deployment.gateway.url)}#${deployment.apiKey}`);
    await page.waitForFunction('globalThis.client !== undefined');
    return page;
  };

  beforeAll(async () => {
    [listed, stranger] = await Promise.all([startSite(), startSite()]);
    const env = { CORS_ORIGINS: listed.origin, ROOM_API: 'on', ROOM_API_ORIGINS: listed.origin };
    [deployment, browser] = await Promise.all([TestDeployment.start({ queue: 'postgres', env }), startBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    for (const { server } of [listed, stranger]) server.close();
    await deployment.end();
  });

  it('open a room, follow it to its end and read why not, if they are listed', async () => {
    const page = await open(listed.origin);
    const seen = await page.evaluate(async () => {
      const { client } = globalThis as InPage;
      const opened = await client.openRoom('derby', { wait: 10 });
      const states: string[] = [];
      for await (const { status } of client.watch(opened.id)) {
        states.push(status);
        if (status === 'ready') await client.close(opened.id);
      }
      const gone: unknown = await client.read(opened.id).catch((error: unknown) => String(error));
      return { tokens: opened.tokens, states, gone };
    });
    expect(seen.tokens?.stream).toMatch(/^eyJ/);
    expect(seen.states).toEqual(['ready', 'closed']);
    expect(seen.gone).toMatch(/^ProblemError: session-closed: .* \(req_\w+\)$/);
  });

  it('read the headers that they need, of refusals as well', async () => {
    const page = await open(listed.origin);
    const ask = (credential: string) =>
      page.evaluate(
        async ({ url, authorization }) => {
          const reply = await fetch(`${url}/v1/sessions`, {
            method: 'POST',
            headers: { authorization, prefer: 'wait=0', 'idempotency-key': 'order-7' },
          });
          const headers = Object.fromEntries(reply.headers);
          return { status: reply.status, headers, body: (await reply.json()) as Session & { code?: string } };
        },
        { url: deployment.gateway.url, authorization: `Bearer ${credential}` },
      );
    const made = await ask(deployment.apiKey);
    expect(made.status).toBe(202);
    expect(made.headers).toMatchObject({
      location: `/v1/sessions/${made.body.id}`,
      'request-id': expect.stringMatching(/^req_/),
      'retry-after': '1',
      'preference-applied': 'wait=0',
    });
    expect((await ask(deployment.apiKey)).headers['idempotency-replayed']).toBe('true');
    const refused = await ask('wtk_nobody_x');
    expect([refused.status, refused.body.code]).toEqual([401, 'unauthenticated']);
    expect(refused.headers['www-authenticate']).toContain('Bearer realm="watchtogether"');
  });

  it('can do nothing if they are not listed, and make no session', async () => {
    const page = await open(stranger.origin);
    const refused: string[] = [];
    page.on('console', (message) => refused.push(message.text()));
    const said = await page.evaluate(async () => {
      const { client } = globalThis as InPage;
      const signal = AbortSignal.timeout(10_000);
      return client.openRoom('strange', { signal }).then(JSON.stringify, String);
    });
    expect(said).not.toContain('ses_');
    expect(refused.join('\n')).toContain('has been blocked by CORS policy');
    expect((await deployment.client().readRoom('strange')).status).toBe(404);
    const address = `${deployment.gateway.url}/openapi.json`;
    expect(await page.evaluate((url) => fetch(url).then(({ status }) => status, String), address)).toMatch(/TypeError/);
  });

  it('change nothing by any route and any simple request that a browser sends for them, if they are not listed', async () => {
    const page = await open(stranger.origin);
    const before = await deployment.database.rows<{ count: number }>('SELECT count(*)::int AS count FROM sessions');
    const { calls } = (await deployment.cas.summary()).stream;
    const paths = Object.values(ROUTES).map(({ path }) => path.replace(/:\w+/, 'stranger'));
    const urls = paths.map((path) => `${deployment.gateway.url}${path}`);
    const sent = await page.evaluate<number>(`(${SIMPLE_REQUESTS})(${JSON.stringify(urls)})`);
    expect(sent).toBeGreaterThan(paths.length);
    // By a page that may, so that what the browser still had to send has arrived before it.
    const own = await open(listed.origin);
    await own.evaluate(async (url) => {
      await fetch(`${url}/room/create`, {
        method: 'POST',
        body: '{"name":"own"}',
        headers: { 'content-type': 'application/json' },
      });
    }, deployment.gateway.url);
    const refused = () => deployment.gateway.lines.filter(({ msg, status }) => msg === 'request' && status === 403);
    expect(refused().length).toBeGreaterThanOrEqual(paths.length);
    const after = await deployment.database.rows<{ count: number }>('SELECT count(*)::int AS count FROM sessions');
    expect((after[0]?.count ?? NaN) - (before[0]?.count ?? NaN)).toBe(1);
    expect((await deployment.cas.summary()).stream.calls - calls).toBe(1);
  });
});
