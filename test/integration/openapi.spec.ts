import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client, Reply } from '../support/client.js';
import { TestApp } from '../support/test-app.js';
import { faultsOf, openApi as document } from '../support/openapi.js';

describe('a running gateway', () => {
  let testApp: TestApp;
  let client: Client;
  beforeAll(async () => {
    testApp = await TestApp.open();
    client = testApp.client;
  });
  afterAll(() => testApp.end());

  it('serves the very document that is kept in the repository', async () => {
    expect((await client.send<unknown>('GET', '/openapi.json')).body).toEqual(document);
  });

  it.each(['/docs', '/docs/'])('shows it to people at %s, without a credential', async (path) => {
    const visitor = testApp.newClient(testApp.url, null);
    const reply = await visitor.send('GET', path);
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toMatch(/^text\/html/);
    expect(reply.text).toContain('WatchTogether Auth Server');
    for (const [, source = ''] of reply.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const address = new URL(source, `${testApp.url}${path}`);
      expect(address.origin).toBe(testApp.url.replace('[::1]', 'localhost'));
      expect([source, (await visitor.send('GET', address.pathname)).status]).toEqual([source, 200]);
    }
  });

  it('shows nothing of it where SWAGGER=off', async () => {
    const silent = await testApp.startGateway({ SWAGGER: 'off' });
    for (const path of ['/docs', '/docs/', '/openapi.json'])
      expect((await silent.client.send('GET', path)).status).toBe(404);
    await silent.close();
    testApp.gateways.pop();
  });

  const unknown = `ses_${'x'.repeat(22)}`;
  const room = '/v1/rooms/{room}/session';
  const session = '/v1/sessions/{tokenId}';
  let made: string;
  let closed: string;
  beforeAll(async () => {
    made = (await client.create({ wait: 10 })).body.id;
    closed = (await client.openRoom('closed', { wait: 10 })).body.id;
    await client.close(closed);
  });

  const samples: [string, number, string, () => Promise<Reply<unknown>>][] = [
    ['put', 201, room, () => client.openRoom('ready', { wait: 10, body: { products: ['stream', 'sync'] } })],
    ['put', 200, room, () => client.openRoom('ready')],
    ['put', 202, room, () => client.openRoom('pending')],
    ['put', 409, room, () => client.openRoom('ready', { body: { products: ['sync'] } })],
    ['put', 400, room, () => client.openRoom('ready', { body: '{' })],
    ['put', 413, room, () => client.openRoom('ready', { body: 'x'.repeat(70_000) })],
    ['put', 415, room, () => client.openRoom('ready', { body: 'x', headers: { 'content-type': 'a/b' } })],
    ['put', 422, room, () => client.openRoom('a/b', { body: { x: 1 } })],
    ['get', 200, room, () => client.readRoom('ready')],
    ['get', 404, room, () => client.readRoom('nobody')],
    ['get', 422, room, () => client.readRoom('a/b')],
    ['post', 201, '/v1/sessions', () => client.create({ wait: 10, key: 'k' })],
    ['post', 200, '/v1/sessions', () => client.create({ wait: 10, key: 'k' })],
    ['post', 422, '/v1/sessions', () => client.create({ key: 'k', body: { products: ['sync'] } })],
    ['get', 200, session, () => client.read(made)],
    ['get', 404, session, () => client.read(unknown)],
    ['get', 410, session, () => client.read(closed)],
    ['delete', 204, session, () => client.close(closed)],
    ['delete', 404, session, () => client.close(unknown)],
    ['get', 401, session, () => testApp.newClient(testApp.url, null).read(made)],
    ['get', 403, session, async () => (await testApp.clientWith('admission' as never)).read(made)],
    ['get', 200, '/livez', () => client.send('GET', '/livez')],
    ['get', 200, '/readyz', () => client.send('GET', '/readyz')],
  ];

  it.each(samples)('answers %s %i at %s as documented', async (method, status, path, send) => {
    await testApp.cas.fault({ kind: 'delay', delayMs: 100 });
    const reply = await send();
    await testApp.cas.clearFaults();
    expect(reply.status).toBe(status);
    const documented = document.paths[path]?.[method]?.responses[String(status)];
    const type = /^[^;]*/.exec(String(reply.headers['content-type'] ?? ''))?.[0] ?? '';
    if (documented?.content === undefined) expect([reply.text, type]).toEqual(['', '']);
    else expect(faultsOf(documented.content[type]?.schema ?? { not: {} }, reply.body)).toEqual([]);
    for (const name of Object.keys(documented?.headers ?? {})) {
      expect([name, typeof reply.headers[name.toLowerCase()]]).toEqual([name, 'string']);
    }
  });

  it('shows a failed session as documented', async () => {
    await testApp.cas.fault({ kind: 'status', status: 400 });
    const reply = await client.openRoom('failed', { wait: 10 });
    await testApp.cas.clearFaults();
    expect(reply.body.failure?.code).toBe('cas-rejected');
    const schema = document.paths[room]?.put?.responses['200']?.content?.['application/json']?.schema;
    expect(faultsOf(schema ?? { not: {} }, reply.body)).toEqual([]);
  });
});
