import { ROOM_TICKET_SCOPES, type Scope, SCOPES } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requiredScopes, type Route, ROUTES } from '../../apps/gateway/src/routing/routes.js';
import document from '../../openapi.json' with { type: 'json' };
import type { Client } from '../support/client.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';
import { issueFor, ticketOf } from '../support/tickets.js';

/** Every route that needs a scope, from the one table. */
const guarded = Object.entries<Route>(ROUTES).filter(([, route]) => requiredScopes(route).length > 0);
const ID = `ses_${'x'.repeat(22)}`;
/** What tickets may use, and for what, written down a second time as well. Everything else is refused to them. */
const FOR_TICKETS = {
  openRoom: 'room',
  readRoom: 'room',
  readSession: 'session',
  streamSession: 'session',
  takeSeat: 'session',
  renewSeat: 'session',
  freeSeat: 'session',
  openChatToken: 'self',
  readChatToken: 'self',
  closeChatToken: 'self',
};

/** What persons may not do, whatever their scopes. */
const KEYS_ONLY = ['issueSessionTicket', 'issueRoomTicket'];

const SEAT_ID = `seat_${'x'.repeat(22)}`;
const WEBHOOK = `whe_${'x'.repeat(22)}`;
const pathOf = ({ path }: Route, subject: string) =>
  path
    .replace(':room', 'nobody')
    .replace(':tokenId', ID)
    .replace(':seatId', SEAT_ID)
    .replace(':webhookId', WEBHOOK)
    .replace(':deliveryId', 'x')
    .replace(':subject', subject);

let provider: IdentityProvider;
let testApp: TestApp;
beforeAll(async () => {
  provider = await IdentityProvider.start();
  testApp = await TestApp.open({
    worker: false,
    env: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', OIDC_ALLOW_ADMIN: 'on' },
  });
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});

/** `subject`: a person has only their own chat token, a key has that of any user. */
const ask = async (client: Client, route: Route, subject = 'nobody') => {
  const reply = await client.send<{ code?: string } | undefined>(route.method, pathOf(route, subject));
  return { status: reply.status, code: reply.body?.code };
};

/** What the API's documents promise, written down a second time: a wrong scope in the table must not pass unnoticed. */
const PROMISED = {
  createSession: 'sessions:create',
  listSessions: 'admin',
  openRoom: 'rooms:open',
  readRoom: 'rooms:open',
  readSession: 'sessions:read',
  streamSession: 'sessions:read',
  closeSession: 'sessions:close',
  retrySession: 'sessions:create',
  rotateSession: 'sessions:close and rooms:open',
  takeSeat: 'seats:take',
  listSeats: 'seats:read',
  renewSeat: 'seats:take',
  freeSeat: 'seats:take',
  issueSessionTicket: 'tickets:issue',
  issueRoomTicket: 'tickets:issue',
  createWebhook: 'webhooks:manage',
  listWebhooks: 'webhooks:manage',
  readWebhook: 'webhooks:manage',
  updateWebhook: 'webhooks:manage',
  deleteWebhook: 'webhooks:manage',
  pingWebhook: 'webhooks:manage',
  rotateWebhookSecret: 'webhooks:manage',
  replayWebhook: 'webhooks:manage',
  listWebhookDeliveries: 'webhooks:manage',
  replayWebhookDelivery: 'webhooks:manage',
  openChatToken: 'chat:mint',
  readChatToken: 'chat:mint',
  closeChatToken: 'chat:mint',
  readTimeline: 'admin',
  readAudit: 'admin',
  readPool: 'admin',
  planPool: 'admin',
};

describe('the table of routes', () => {
  it('asks each route for the scope that is promised', () => {
    expect(Object.fromEntries(guarded.map(([name, route]) => [name, requiredScopes(route).join(' and ')]))).toEqual(
      PROMISED,
    );
  });

  it('lets tickets and persons do what is promised, and nothing else', () => {
    const tickets = guarded.flatMap(([name, { ticket }]) => (ticket === undefined ? [] : [[name, ticket]]));
    expect(Object.fromEntries(tickets)).toEqual(FOR_TICKETS);
    expect(guarded.filter(([, { keysOnly }]) => keysOnly === true).map(([name]) => name)).toEqual(KEYS_ONLY);
  });

  it('has every operation of the OpenAPI document, and the other way round', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => ['get', 'put', 'post', 'patch', 'delete'].includes(method))
        .map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const routes = Object.values<Route>(ROUTES).map(({ method, path }) => `${method} ${path}`);
    expect(documented.sort()).toEqual(routes.sort());
  });
});

describe.each(guarded)('%s', (name, route) => {
  it('is 401 without a credential, with a wrong, an expired and a revoked one', async () => {
    const [expired, revoked] = [await testApp.clientWith('admin'), await testApp.clientWith('admin')];
    const idOf = (client: Client) => client.apiKey?.split('_')[1];
    await testApp.database.rows(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [idOf(expired)]);
    await testApp.database.rows(`UPDATE api_keys SET revoked_at = now() WHERE id = $1`, [idOf(revoked)]);
    const wrong = testApp.newClient(testApp.url, `wtk_${idOf(revoked) ?? ''}_${'x1'.repeat(24)}`);
    const ended = testApp.newClient(testApp.url, await provider.token('anna', { claims: { exp: 1, scope: 'admin' } }));
    for (const client of [testApp.newClient(testApp.url, null), wrong, expired, revoked, ended]) {
      expect(await ask(client, route)).toEqual({ status: 401, code: 'unauthenticated' });
    }
  });

  it.each(SCOPES.map((scope) => [scope]))('with the scope %s alone, of a key and of a person', async (scope: Scope) => {
    const key = await testApp.clientWith(scope);
    // A person of their own, since one may ask 20 times a second.
    const sub = `${route.method} ${route.path} ${scope}`;
    const person = testApp.newClient(testApp.url, await provider.token(sub, { claims: { scope } }));
    const letIn = requiredScopes(route).join() === scope || scope === 'admin';
    for (const [client, subject] of [[key, 'nobody'] as const, [person, 'me'] as const]) {
      const { status, code } = await ask(client, route, subject);
      const refused = !letIn || (client === person && KEYS_ONLY.includes(name));
      expect([status === 401, code === 'insufficient-scope']).toEqual([false, refused]);
      if (refused) expect(status).toBe(403);
    }
  });

  it.each(ROOM_TICKET_SCOPES.map((scope) => [scope]))(
    'with a ticket of the scope %s, in its place and in others',
    async (scope) => {
      const session = (await testApp.client.openRoom('nobody')).body.id;
      const path = route.path.replace(':room', 'nobody').replace(':tokenId', session).replace(':subject', 'me');
      const ask = async (place: { session: string } | { room: string }) => {
        const issued = await issueFor(testApp.client, place, { subject: 'anna', scopes: [scope] });
        const client = testApp.newClient(testApp.url, ticketOf(issued));
        const reply = await client.send<{ code?: string } | undefined>(
          route.method === 'GET' ? 'HEAD' : route.method,
          path,
        );
        return reply.status === 403 ? 'refused' : 'let in';
      };
      const other = (await testApp.client.create()).body.id;
      const use = scope === route.scope ? route.ticket : undefined;
      const mine = (letIn: boolean) => (letIn ? 'let in' : 'refused');
      expect(await ask({ room: 'nobody' })).toBe(mine(use !== undefined));
      expect(await ask({ room: 'somebody' })).toBe(mine(use === 'self'));
      if (scope === 'rooms:open') return;
      expect(await ask({ session })).toBe(mine(use === 'session' || use === 'self'));
      expect(await ask({ session: other })).toBe(mine(use === 'self'));
    },
  );
});

describe.each(guarded.filter(([, { also }]) => also !== undefined))('%s, which needs two scopes', (_name, route) => {
  it('lets in those who have both', async () => {
    const both = await testApp.clientWith(...requiredScopes(route));
    expect((await ask(both, route)).status).toBe(404);
  });
});

describe('a reply', () => {
  const METADATA = 'for those who may read the session';
  /** The scopes with which a route shows the session of another caller; tokens never by one of these alone. */
  const SHOWS: Record<string, Scope[]> = {
    openRoom: ['rooms:open'],
    readRoom: ['rooms:open'],
    readSession: ['sessions:read'],
    streamSession: ['sessions:read'],
    retrySession: ['sessions:read'],
    rotateSession: ['rooms:open'],
    takeSeat: [],
    listSeats: [],
    renewSeat: [],
    freeSeat: [],
    issueSessionTicket: [],
    issueRoomTicket: [],
    createSession: [],
    listSessions: [],
    closeSession: [],
    createWebhook: [],
    listWebhooks: [],
    readWebhook: [],
    updateWebhook: [],
    deleteWebhook: [],
    pingWebhook: [],
    rotateWebhookSecret: [],
    replayWebhook: [],
    listWebhookDeliveries: [],
    replayWebhookDelivery: [],
    readTimeline: [],
    readAudit: [],
    readPool: [],
    planPool: [],
  };
  /** Routes whose reply has tokens for callers that may read them, beside or instead of the session. */
  const GIVES_TOKENS = [...Object.keys(SHOWS).filter((name) => SHOWS[name]?.length), 'takeSeat'].filter(
    (name) => name !== 'streamSession',
  );
  /** Routes for administrators, which show sessions without tokens whatever else the key may do. */
  const LISTS = ['listSessions', 'readTimeline'];
  const BODIES: Record<string, object> = { takeSeat: { name: 'Anna', role: 'viewer' } };
  let worker: TestApp;
  beforeAll(async () => {
    worker = await TestApp.open();
  });
  afterAll(() => worker.end());

  /** What a key with these scopes is shown of another caller's ready session. */
  async function shown(name: string, route: Route, scopes: Scope[]) {
    const room = `${name}-${scopes.join('-').replaceAll(':', '_')}`;
    const body = { metadata: { note: METADATA } };
    const { id } = (await worker.client.openRoom(room, { body, wait: 15 })).body;
    const { apiKey } = await worker.clientWith(...scopes);
    const path = pathOf({ ...route, path: route.path.replace(':room', room).replace(':tokenId', id) }, 'nobody');
    const sent = BODIES[name];
    const ends = new AbortController();
    const reply = await fetch(`${worker.url}${path}`, {
      method: route.method,
      headers: {
        authorization: `Bearer ${String(apiKey)}`,
        // The next generation shows its tokens once it is ready.
        ...(name === 'rotateSession' && { prefer: 'wait=10' }),
        ...(sent !== undefined && { 'content-type': 'application/json' }),
      },
      ...(sent !== undefined && { body: JSON.stringify(sent) }),
      signal: ends.signal,
    });
    let text = '';
    for await (const part of (reply.body ?? []) as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString();
      // An event stream goes on: its first event is what it shows.
      if (text.includes('data: ')) break;
    }
    ends.abort();
    return { session: text.includes(METADATA), tokens: /eyJ[\w-]{8,}\.[\w-]+\./.test(text) };
  }

  /** Chat tokens are of users, not of sessions: their one scope is enough for them, and for nothing else. */
  const ofSessions = guarded.filter(([, { path }]) => !path.startsWith('/v1/chat-tokens/'));

  it.each(ofSessions)(
    'to %s shows a session to those who may read it, and tokens to those who may read them',
    async (name, route) => {
      expect(Object.keys(SHOWS)).toContain(name);
      const readers = SHOWS[name] ?? [];
      const own = requiredScopes(route);
      for (const scope of SCOPES) {
        const alone = await shown(name, route, [scope]);
        const admin = scope === 'admin' && (readers.length > 0 || LISTS.includes(name));
        expect([scope, alone.session]).toEqual([scope, admin || (readers.includes(scope) && own.join() === scope)]);
        expect([scope, alone.tokens]).toEqual([scope, scope === 'admin' && GIVES_TOKENS.includes(name)]);
      }
      const withReading = await shown(name, route, [...own, ...readers]);
      expect(withReading).toEqual({ session: readers.length > 0 || LISTS.includes(name), tokens: false });
      const withTokens = await shown(name, route, [...own, ...readers, 'tokens:read']);
      expect(withTokens).toEqual({
        session: readers.length > 0 || LISTS.includes(name),
        tokens: GIVES_TOKENS.includes(name),
      });
    },
  );
});
