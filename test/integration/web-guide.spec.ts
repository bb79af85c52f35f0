import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../support/client.js';
import { fingerprint } from '../support/cas-sandbox.js';
import { TestApp } from '../support/test-app.js';
import { runSnippet, snippet } from '../support/snippets.js';

const GUIDE = 'docs/clients/web.md';

interface Backend {
  openRoom: (room: string) => Promise<{ status: number; body: unknown }>;
  readSession: (tokenId: string) => Promise<{ status: number; body: unknown }>;
}

/** What the vendor's SDK was told; its signatures are those of its documentation. */
function fakeSdk() {
  const calls: unknown[][] = [];
  const WTSession = {
    connect: (token: string, name: string, ...rest: unknown[]) => Promise.resolve(calls.push([token, name, ...rest])),
  };
  class SyncSDK {
    createGroup = (token: string, name: string) => Promise.resolve(calls.push([token, name]));
  }
  return { calls, names: { WTSession, SyncSDK } };
}

describe('the code of the web guide', () => {
  let testApp: TestApp;
  let guarded: Client;
  let backend: Backend;
  let server: Server;
  let page: (params: { room?: string; tokenId?: string; participantName: string }) => Promise<unknown[][]>;

  beforeAll(async () => {
    testApp = await TestApp.open();
    guarded = await testApp.clientWith('rooms:open', 'sessions:read', 'tokens:read');
    const names = { fetch, baseUrl: testApp.gateway.url, apiKey: guarded.apiKey };
    backend = (await runSnippet(`${snippet(GUIDE, 'backend')}\nreturn { openRoom, readSession };`, names)) as Backend;

    server = createServer((request, response) => {
      const [, , kind = '', name = ''] = (request.url ?? '').split('/').map(decodeURIComponent);
      const asked = kind === 'rooms' ? backend.openRoom(name) : backend.readSession(name);
      void asked.then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    page = async (params) => {
      const { calls, names } = fakeSdk();
      const here = { fetch: (path: string) => fetch(origin + path), room: undefined, tokenId: undefined };
      await runSnippet(snippet(GUIDE, 'page'), { ...here, ...names, ...params });
      return calls;
    };
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await testApp.end();
  });

  it('connects everybody with the tokens of the one session, by room or by TokenID', async () => {
    const [host, guest] = await Promise.all([
      page({ room: 'El Clásico', participantName: 'host' }),
      page({ room: 'El Clásico', participantName: 'guest' }),
    ]);
    const { body } = await testApp.client.readRoom('El Clásico');
    const invited = await page({ tokenId: body.id, participantName: 'invited' });
    const { stream, sync } = body.tokens ?? {};
    for (const [calls, name] of [[host, 'host'] as const, [guest, 'guest'] as const, [invited, 'invited'] as const]) {
      expect(calls).toEqual([
        [stream, name],
        [sync, name],
      ]);
    }
    const issued = (await testApp.cas.journal()).map((call) => call.tokenFingerprint);
    expect(issued).toEqual(expect.arrayContaining([fingerprint(String(stream)), fingerprint(String(sync))]));
  });

  it('lets a page call this server itself, with a ticket of its backend', async () => {
    const issuer = await testApp.clientWith('tickets:issue', 'rooms:open', 'sessions:read', 'tokens:read');
    const code = `${snippet(GUIDE, 'backend')}\n${snippet(GUIDE, 'ticket-backend')}\nreturn ticketFor;`;
    const ticketFor = (await runSnippet(code, { fetch, baseUrl: testApp.url, apiKey: issuer.apiKey })) as (
      user: { id: string; name: string },
      room: string,
    ) => Promise<unknown>;
    const { calls, names } = fakeSdk();
    const askYourBackend = (room: string) => ticketFor({ id: 'u-4711', name: 'Anna' }, room);
    const here = { fetch, room: 'by ticket', authServerUrl: testApp.url, participantName: 'Anna', askYourBackend };
    await runSnippet(snippet(GUIDE, 'ticket-page'), { ...here, ...names });
    expect(calls).toEqual([[(await testApp.client.readRoom('by ticket')).body.tokens?.stream, 'Anna']]);
  });

  it('asks again while the session is pending', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await testApp.client.openRoom('slow', { body: { products: ['stream', 'sync'] } });
    const joining = page({ tokenId: body.id, participantName: 'early' });
    await testApp.cas.clearFaults();
    expect((await joining)[0]?.[0]).toMatch(/^eyJ/);
  });

  it('says why there is no token', async () => {
    await testApp.cas.fault({ kind: 'status', status: 403 });
    await expect(page({ room: 'refused', participantName: 'x' })).rejects.toThrow(
      'The token service rejected the credentials of this server.',
    );
    await testApp.cas.clearFaults();
    await expect(page({ tokenId: 'ses_0000000000000000000000', participantName: 'x' })).rejects.toThrow(
      'Session not found',
    );
  });
});
