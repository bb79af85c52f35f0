import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditRepository } from '@app/entities';
import { type Scope, SCOPES } from '@app/kernel';
import { KeyRing } from '@app/sealing';
import { SignJWT } from 'jose';
import { type Route, ROUTES } from '../../apps/gateway/src/routing/routes.js';
import type { Client, Reply } from '../support/client.js';
import { eventually, repeatedly } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';
import { issueFor, partsOf, ticketOf } from '../support/tickets.js';

const ALL = ['sessions:read', 'tokens:read', 'rooms:open', 'seats:take', 'chat:mint'] as const;
const FOR_SESSION = ALL.filter((scope) => scope !== 'rooms:open');
const NOWHERE = `ses_${'x'.repeat(22)}`;

let testApp: TestApp;
let provider: IdentityProvider;
beforeAll(async () => {
  provider = await IdentityProvider.start();
  testApp = await TestApp.open({
    env: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', OIDC_ALLOW_ADMIN: 'on' },
  });
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});

const holding = (ticket: string): Client => testApp.newClient(testApp.url, ticket);
const codeOf = ({ status, body }: Reply<unknown>) => [status, (body as { code?: string } | undefined)?.code];
const open = async (room: string) => (await testApp.client.openRoom(room, { wait: 10 })).body.id;
let people = 0;
/** A ticket of a person of its own. */
const ticketFor = async (place: { session: string } | { room: string }, body: object = {}, by = testApp.client) =>
  ticketOf(await issueFor(by, place, { subject: `u-${people++}`, ...body }));

describe('a ticket for a session', () => {
  it('reads this session and its tokens, follows it, and ends after 15 minutes', async () => {
    const session = await open('one');
    const { body } = await issueFor(testApp.client, { session }, { subject: 'anna' });
    expect(body.ticket).toMatch(/^wtt_[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((Date.parse(body.expiresAt) - Date.now()) / 60_000).toBeCloseTo(15, 0);
    const read = await holding(body.ticket).read(session);
    expect(read.body).toEqual((await testApp.client.read(session)).body);
    expect(read.headers['ratelimit-policy']).toBe('"caller";q=20;w=1');
    const head = await holding(body.ticket).send('HEAD', `/v1/sessions/${session}/events`);
    expect([head.status, head.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });

  it('answers 403 everywhere else, whatever is there', async () => {
    const [session, other] = [await open('mine'), await open('theirs')];
    const ticket = await ticketFor({ session }, { scopes: FOR_SESSION });
    const closed = await open('ended');
    await testApp.client.close(closed);
    for (const id of [other, closed, NOWHERE, 'x', `${session}x`, ` ${session}`.trimEnd()]) {
      const [read, events] = [
        await holding(ticket).read(encodeURIComponent(id)),
        await holding(ticket).send('HEAD', `/v1/sessions/${encodeURIComponent(id)}/events`),
      ];
      expect([id, ...codeOf(read), events.status]).toEqual([id, 403, 'insufficient-scope', 403]);
      expect((read.body as unknown as { detail: string }).detail).toBe('The ticket is not valid for this request');
    }
    expect((await holding(await ticketFor({ session })).openRoom('mine')).status).toBe(403);
  });

  it('says what the session has come to once it is closed, and is good for nothing more', async () => {
    const session = await open('short');
    const ticket = await ticketFor({ session });
    await testApp.client.close(session);
    expect(codeOf(await holding(ticket).read(session))).toEqual([410, 'session-closed']);
    expect(codeOf(await issueFor(testApp.client, { session }, { subject: 'late' }))).toEqual([410, 'session-closed']);
    expect(codeOf(await issueFor(testApp.client, { session: NOWHERE }, { subject: 'x' }))).toEqual([404, 'not-found']);
  });
});

describe('a ticket for a room', () => {
  it('reads all sessions of this room by their TokenIDs, also those to come, and no others', async () => {
    const first = await open('room');
    const ticket = await ticketFor({ room: 'room' });
    expect((await holding(ticket).read(first)).body.tokens).toBeDefined();
    await testApp.client.close(first);
    expect((await holding(ticket).read(first)).status).toBe(410);
    const next = await open('room');
    expect((await holding(ticket).read(next)).body).toMatchObject({ generation: 2, tokens: expect.anything() });
    const unnamed = (await testApp.client.create({ wait: 10 })).body.id;
    for (const id of [await open('rooms'), unnamed, NOWHERE]) expect((await holding(ticket).read(id)).status).toBe(403);
    expect(codeOf(await holding(ticket).openRoom('room'))).toEqual([403, 'insufficient-scope']);
  });

  it('opens and reads its room with rooms:open, in either spelling of its name', async () => {
    const ticket = await ticketFor({ room: 'café' }, { scopes: ALL });
    const opened = await holding(ticket).openRoom('cafe\u0301', { wait: 10 });
    expect([opened.status, opened.body.room]).toEqual([201, 'café']);
    expect((await holding(ticket).readRoom('café')).body.id).toBe(opened.body.id);
    expect((await testApp.client.openRoom('café')).body.id).toBe(opened.body.id);
    for (const room of ['cafe', 'Café', 'café ', 'open:café']) {
      expect([room, (await holding(ticket).openRoom(room)).status]).toEqual([room, 403]);
    }
    const [row] = await testApp.database.rows<{ by: string }>('SELECT created_by AS by FROM sessions WHERE id = $1', [
      opened.body.id,
    ]);
    expect(row?.by).toBe(`ticket:${bootstrapId()}#u-${people - 1}`);
  });

  it('is not for rooms of the drop-in adapter', async () => {
    const reply = await issueFor(testApp.client, { room: 'open:derby' }, { subject: 'anna' });
    expect(codeOf(reply)).toEqual([422, 'validation-failed']);
  });
});

describe('a ticket with chat:mint', () => {
  it('has the chat token of its own subject and no other, until its session is closed', async () => {
    const session = await open('chat');
    const scopes = ['sessions:read', 'chat:mint'];
    const places = [{ session }, { room: 'chat' }];
    for (const place of places) {
      const subject = `chat-${people++}`;
      const holder = holding(await ticketFor(place, { scopes, subject }));
      const own = await holder.send('PUT', '/v1/chat-tokens/me', { wait: 10 });
      expect([own.status, (own.body as unknown as { subject: string }).subject]).toEqual([201, subject]);
      const byKey = await testApp.client.send<{ token: string }>('GET', `/v1/chat-tokens/${subject}`);
      expect((own.body as unknown as { token: string }).token).toBe(byKey.body.token);
      for (const other of [subject, 'anna', 'Me', 'me%20']) {
        expect([other, (await holder.send('PUT', `/v1/chat-tokens/${other}`)).status]).toEqual([other, 403]);
      }
    }
    const [ofSession, ofRoom] = await Promise.all(places.map((place) => ticketFor(place, { scopes })));
    await testApp.client.close(session);
    expect((await holding(String(ofSession)).send('PUT', '/v1/chat-tokens/me')).status).toBe(401);
    expect((await holding(String(ofRoom)).send('PUT', '/v1/chat-tokens/me')).status).toBe(202);
    const without = holding(await ticketFor({ room: 'chat' }));
    expect((await without.send('PUT', '/v1/chat-tokens/me')).status).toBe(403);
  });

  it('is not shown a chat token if its session was closed while it waited', async () => {
    const session = await open('closed-meanwhile');
    const holder = holding(await ticketFor({ session }, { scopes: ['chat:mint'], subject: 'waiting' }));
    await testApp.cas.fault({ kind: 'hang', product: 'chat', times: 1 });
    const waiting = holder.send('PUT', '/v1/chat-tokens/me', { wait: 20 });
    await eventually(async () => {
      expect(await testApp.cas.held()).toBe(1);
    });
    await testApp.client.close(session);
    // A credential that was checked within the last second is not checked again.
    await repeatedly(200, 1200, async () => {
      expect(await testApp.cas.held()).toBe(1);
    });
    await testApp.cas.release();
    expect((await waiting).status).toBe(401);
  });
});

describe('the table of routes', () => {
  it.each(Object.entries<Route>(ROUTES).filter(([, { scope, ticket }]) => scope !== null && ticket === undefined))(
    'refuses tickets for %s, whatever their scopes',
    async (_name, { method, path }) => {
      const session = await open('default-deny');
      for (const ticket of [
        await ticketFor({ session }, { scopes: FOR_SESSION }),
        await ticketFor({ room: 'default-deny' }, { scopes: ALL }),
      ]) {
        const own = path.replace(':tokenId', session).replace(':room', 'default-deny');
        expect(codeOf(await holding(ticket).send(method, own, { body: {} }))).toEqual([403, 'insufficient-scope']);
      }
    },
  );
});

describe('the scopes of a ticket', () => {
  it('are by default those of reading and sitting that its issuer has', async () => {
    const scopes = async (...of: Scope[]) => {
      const ticket = await ticketFor({ room: 'x' }, {}, await testApp.clientWith('tickets:issue', ...of));
      return partsOf(ticket).claims.scope;
    };
    expect(await scopes('sessions:read', 'rooms:open', 'chat:mint')).toBe('sessions:read');
    expect(await scopes('tokens:read', 'sessions:read', 'seats:take')).toBe('sessions:read tokens:read seats:take');
    expect(await scopes('admin')).toBe('sessions:read tokens:read seats:take');
  });

  it('are never more than its issuer has', async () => {
    const session = await open('scopes');
    const issuer = await testApp.clientWith('tickets:issue', 'sessions:read');
    const ask = (scopes: string[]) => issueFor(issuer, { session }, { subject: 'anna', scopes });
    expect((await ask(['sessions:read'])).status).toBe(201);
    expect(codeOf(await ask(['sessions:read', 'tokens:read']))).toEqual([403, 'insufficient-scope']);
    const nothing = await testApp.clientWith('tickets:issue', 'rooms:open');
    expect((await issueFor(nothing, { session }, { subject: 'anna' })).status).toBe(403);
    const ticket = ticketOf(await ask(['sessions:read']));
    expect((await holding(ticket).read(session)).body.tokens).toBeUndefined();
  });

  it('shrink with those of its issuer, within 5 s', async () => {
    const session = await open('narrowed');
    const issuer = await testApp.clientWith('tickets:issue', 'sessions:read', 'tokens:read');
    const ticket = await ticketFor({ session }, {}, issuer);
    expect((await holding(ticket).read(session)).body.tokens).toBeDefined();
    const id = issuer.apiKey?.split('_')[1];
    await testApp.database.rows(`UPDATE api_keys SET scopes = '{sessions:read,tickets:issue}' WHERE id = $1`, [id]);
    await eventually(async () => {
      expect((await holding(ticket).read(session)).body.tokens).toBeUndefined();
    }, 5000);
    await testApp.database.rows(`UPDATE api_keys SET scopes = '{sessions:read}' WHERE id = $1`, [id]);
    await eventually(async () => {
      expect((await holding(ticket).read(session)).status).toBe(401);
    }, 5000);
  });

  it.each(SCOPES)('%s is needed to issue one, or it is not', async (scope) => {
    const issuer = await testApp.clientWith(scope, 'sessions:read');
    const { status } = await issueFor(issuer, { room: 'x' }, { subject: 'anna' });
    expect(status).toBe(scope === 'tickets:issue' || scope === 'admin' ? 201 : 403);
  });

  it('are given by API keys alone: no person issues tickets, and no ticket', async () => {
    const session = await open('keys-only');
    const person = testApp.newClient(testApp.url, await provider.token('p', { claims: { scope: 'admin' } }));
    expect((await person.read(session)).status).toBe(200);
    const ticket = holding(await ticketFor({ session }, { scopes: FOR_SESSION }));
    for (const place of [{ session }, { room: 'keys-only' }]) {
      expect(codeOf(await issueFor(person, place, { subject: 'x' }))).toEqual([403, 'insufficient-scope']);
      expect(codeOf(await issueFor(ticket, place, { subject: 'x' }))).toEqual([403, 'insufficient-scope']);
    }
  });
});

describe('a request for a ticket', () => {
  it.each([
    ['no body', undefined, '#'],
    ['no subject', {}, '#/subject'],
    ['an empty subject', { subject: '' }, '#/subject'],
    ['a subject that is too long', { subject: 'x'.repeat(256) }, '#/subject'],
    ['a subject with a line break', { subject: 'a\nb' }, '#/subject'],
    ['a subject with half a character', { subject: 'a\ud800' }, '#/subject'],
    ['a subject that is no text', { subject: 1 }, '#/subject'],
    ['a blank name', { subject: 'a', name: ' ' }, '#/name'],
    ['a name that is too long', { subject: 'a', name: 'x'.repeat(65) }, '#/name'],
    ['a name that cannot be seen', { subject: 'a', name: '\u200d' }, '#/name'],
    ['a name that turns the text around', { subject: 'a', name: 'a\u202eb' }, '#/name'],
    ['no time at all', { subject: 'a', ttlS: 0 }, '#/ttlS'],
    ['more than a day', { subject: 'a', ttlS: 86_401 }, '#/ttlS'],
    ['half a second', { subject: 'a', ttlS: 0.5 }, '#/ttlS'],
    ['no scopes', { subject: 'a', scopes: [] }, '#/scopes'],
    ['a scope twice', { subject: 'a', scopes: ['chat:mint', 'chat:mint'] }, '#/scopes'],
    ['a scope that no ticket has', { subject: 'a', scopes: ['sessions:read', 'tickets:issue'] }, '#/scopes/1'],
    ['the scope of all', { subject: 'a', scopes: ['admin'] }, '#/scopes/0'],
    ['an unknown field', { subject: 'a', room: 'x' }, '#/room'],
  ])('with %s is 422 at its place', async (_what, body, pointer) => {
    const session = await open('bad-input');
    for (const path of [`/v1/sessions/${session}/tickets`, '/v1/rooms/bad-input/tickets']) {
      const reply = await testApp.client.send<{ errors: { pointer: string }[] }>('POST', path, {
        ...(body !== undefined && { body }),
      });
      expect([reply.status, reply.body.errors.map((error) => error.pointer)]).toEqual([422, [pointer]]);
    }
  });

  it.each(['می\u200cخواهم', '👨\u200d👩\u200d👧 family', ' Zoe\u0308 '])('names the person %j', async (name) => {
    const ticket = ticketOf(await issueFor(testApp.client, { room: 'names' }, { subject: 'a', name }));
    expect(partsOf(ticket).claims.name).toBe(name.normalize('NFC').trim());
  });

  it('with rooms:open for one session is 422', async () => {
    const body = { subject: 'a', scopes: ['rooms:open'] };
    expect((await issueFor(testApp.client, { room: 'bad-input' }, body)).status).toBe(201);
    expect((await issueFor(testApp.client, { session: await open('bad-input') }, body)).status).toBe(422);
  });
});

describe('a ticket that is no good', () => {
  const ringOf = (text: string) => {
    const [id = '', key = ''] = text.split(':');
    return new KeyRing([{ id, key: Buffer.from(key, 'base64') }]);
  };
  const keyOf = (ring: KeyRing) => {
    const key = ring.derive(ring.sealingKeyId, 'watchtogether ticket v1');
    if (key === undefined) throw new Error('there is no key');
    return key;
  };
  const forged = async (claims: Record<string, unknown>, header: object = {}, ring = ringOf(testApp.sealingKeys)) => {
    const jwt = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'wtt+jwt', kid: 'k1', ...header })
      .sign(keyOf(ring));
    return `wtt_${jwt}`;
  };
  const goodClaims = (session: string) => ({
    ...{ jti: 'x', iss: bootstrapId(), sub: 'anna', scope: 'sessions:read', session },
    exp: Math.floor(Date.now() / 1000) + 600,
  });
  const refused = async (ticket: string, session: string, what: string) => {
    const reply = await holding(ticket).read(session);
    expect([what, ...codeOf(reply)]).toEqual([what, 401, 'unauthenticated']);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="watchtogether", error="invalid_token"');
    expect(reply.text).not.toContain(ticket.slice(-20));
  };

  it('is told by every changed character', async () => {
    const session = await open('changed');
    const ticket = await ticketFor({ session });
    expect((await holding(ticket).read(session)).status).toBe(200);
    const places = [4, 5, 20, ticket.indexOf('.') + 1, ticket.lastIndexOf('.') - 1, ticket.lastIndexOf('.') + 1];
    for (const at of [...places, ticket.length - 1]) {
      const letter = ticket.charAt(at);
      // Of the last character some bits mean nothing: none of its other spellings may pass either.
      for (const other of at === ticket.length - 1
        ? 'ABCDEFGHQRSTghwx0189-_'.split('')
        : [letter === 'A' ? 'B' : 'A']) {
        if (other !== letter) {
          await refused(`${ticket.slice(0, at)}${other}${ticket.slice(at + 1)}`, session, `${at} ${other}`);
        }
      }
    }
    for (const wrong of [
      `${ticket}A`,
      `${ticket}=`,
      `${ticket}.`,
      ticket.slice(0, -1),
      'wtt_',
      'wtt_..',
      `wtt_${ticket}`,
    ])
      await refused(wrong, session, wrong.slice(0, 8));
  }, 30_000);

  it('is one of another algorithm, or of none', async () => {
    const session = await open('algorithms');
    const claims = goodClaims(session);
    expect((await holding(await forged(claims)).read(session)).status).toBe(200);
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const header = { typ: 'wtt+jwt', kid: 'k1' };
    for (const alg of ['none', 'None', 'HS384', 'RS256', 'dir', '']) {
      await refused(`wtt_${encoded({ ...header, alg })}.${encoded(claims)}.`, session, alg);
      await refused(`wtt_${encoded({ ...header, alg })}.${encoded(claims)}.${'A'.repeat(43)}`, session, alg);
    }
    const hs512 = new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS512' });
    await refused(`wtt_${await hs512.sign(new Uint8Array(64))}`, session, 'HS512');
    await refused(await forged(claims, { typ: 'JWT' }), session, 'another type');
    await refused(
      await forged(claims, { jwk: { kty: 'oct', k: 'AAAA' } }, ringOf(newRing('k1'))),
      session,
      'its own key',
    );
    // A ticket is none without its prefix, and a JWT of a person none with it.
    await refused((await forged(claims)).slice(4), session, 'without its prefix');
    await refused(`wtt_${await provider.token('anna', { claims: { scope: 'admin' } })}`, session, 'a JWT of a person');
  });

  it('is one by another key: of another deployment, or the sealing key itself', async () => {
    const session = await open('keys');
    const claims = goodClaims(session);
    await refused(await forged(claims, {}, ringOf(newRing('k1'))), session, 'another key of this id');
    await refused(await forged(claims, { kid: 'k2' }, ringOf(newRing('k2'))), session, 'an unknown key');
    await refused(await forged(claims, { kid: undefined }), session, 'no key');
    const sealingKey = Buffer.from(testApp.sealingKeys.split(':')[1] ?? '', 'base64');
    const jwt = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'wtt+jwt', kid: 'k1' })
      .sign(sealingKey);
    await refused(`wtt_${jwt}`, session, 'the sealing key');
  });

  it('is one that lacks a claim, or names an unknown issuer', async () => {
    const session = await open('claims');
    const claims = goodClaims(session);
    for (const name of ['jti', 'iss', 'sub', 'scope', 'session', 'exp']) {
      await refused(await forged({ ...claims, [name]: undefined }), session, `no ${name}`);
    }
    await refused(await forged({ ...claims, iss: 'nobody00' }), session, 'an unknown issuer');
    await refused(await forged({ ...claims, nbf: claims.exp }), session, 'not valid yet');
    const more = holding(await forged({ ...claims, scope: 'admin sessions:create tickets:issue sessions:read' }));
    expect((await more.send('GET', '/v1/sessions')).status).toBe(403);
    expect((await more.create()).status).toBe(403);
  });

  it('is an enormous one', async () => {
    const session = await open('huge');
    const claims = goodClaims(session);
    await refused(await forged({ ...claims, more: 'x'.repeat(8000) }), session, 'huge');
    expect((await holding(`wtt_${'A'.repeat(20_000)}`).read(session)).status).toBe(431);
  });

  it('is one whose time is over; held requests end with it', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const session = (await testApp.client.openRoom('times')).body.id;
    const ticket = await ticketFor({ session }, { ttlS: 2 });
    const started = performance.now();
    const held = holding(ticket).read(session, { wait: 20 });
    const stream = await fetch(`${testApp.url}/v1/sessions/${session}/events`, {
      headers: { authorization: `Bearer ${ticket}` },
    });
    expect(stream.status).toBe(200);
    const text = await stream.text();
    expect(text).toContain('"status":"pending"');
    expect(performance.now() - started).toBeLessThan(7000);
    await refused(ticket, session, 'expired');
    await testApp.cas.clearFaults();
    expect(codeOf(await held)).toEqual([401, 'unauthenticated']);
  }, 40_000);

  it('is one of a key that was revoked, within 5 s, and its event streams end', async () => {
    const session = await open('revoked');
    const issuer = await testApp.clientWith('tickets:issue', 'sessions:read', 'tokens:read');
    const ticket = await ticketFor({ session }, {}, issuer);
    const stream = await fetch(`${testApp.url}/v1/sessions/${session}/events`, {
      headers: { authorization: `Bearer ${ticket}` },
    });
    const ended = stream.text();
    expect((await holding(ticket).read(session)).status).toBe(200);
    const at = performance.now();
    await testApp.database.rows('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [issuer.apiKey?.split('_')[1]]);
    await eventually(async () => {
      expect((await holding(ticket).read(session)).status).toBe(401);
    }, 5000);
    await ended;
    expect(performance.now() - at).toBeLessThan(6000);
  }, 20_000);
});

describe('a gateway', () => {
  it('accepts tickets by every key of its ring, and none by a key that was removed', async () => {
    const session = await open('rings');
    const ticket = await ticketFor({ session });
    const next = newRing('k2');
    const rotated = await testApp.startGateway({ TOKEN_ENCRYPTION_KEYS: `${next},${testApp.sealingKeys}` });
    const at = (url: string, credential: string) =>
      testApp.newClient(url, credential).send('HEAD', `/v1/sessions/${session}/events`);
    expect((await at(rotated.url, ticket)).status).toBe(200);
    const newer = ticketOf(await issueFor(rotated.client, { session }, { subject: 'newer' }));
    expect(partsOf(newer).header.kid).toBe('k2');
    expect([(await at(rotated.url, newer)).status, (await at(testApp.url, newer)).status]).toEqual([200, 401]);
    const removed = await testApp.startGateway({ TOKEN_ENCRYPTION_KEYS: next });
    expect([(await at(removed.url, newer)).status, (await at(removed.url, ticket)).status]).toEqual([200, 401]);
  }, 30_000);

  it('counts each ticket alone: 20 requests a second', async () => {
    const session = await open('rates');
    const [ticket, other] = [
      await ticketFor({ session }, { subject: 'x' }),
      await ticketFor({ session }, { subject: 'x' }),
    ];
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await holding(ticket).read(session)).status),
    );
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect((await holding(other).read(session)).status).toBe(200);
  });

  it('serves no ticket from memory, and keeps no reply for one', async () => {
    const [session, other] = [await open('cached'), await open('cached-other')];
    const ticket = await ticketFor({ session: other });
    for (let i = 0; i < 5; i++) {
      expect((await testApp.client.read(session)).status).toBe(200);
      expect((await holding(ticket).read(session)).status).toBe(403);
      expect((await holding(ticket).read(other)).headers['ratelimit-policy']).toBeDefined();
    }
  });

  it('knows what holders of tickets did, and who got one', async () => {
    const session = await open('audited');
    const issuer = await testApp.clientWith('tickets:issue', 'sessions:read', 'tokens:read');
    const key = String(issuer.apiKey?.split('_')[1]);
    const ticket = await ticketFor({ session }, { subject: 'anna' }, issuer);
    await ticketFor({ room: 'audited' }, { subject: 'anna' }, issuer);
    await holding(ticket).read(session);
    await holding(ticket).read(NOWHERE);
    const audit = testApp.gateway.app.get(AuditRepository);
    const actions = async (actor: string) =>
      (await audit.list({ actor, limit: 50 })).items.map((item) => [item.action, item.session]).sort();
    await eventually(async () => {
      expect(await actions(`key:${key}`)).toEqual([
        ['issue-ticket', null],
        ['issue-ticket', session],
      ]);
      expect(await actions(`ticket:${key}#anna`)).toEqual([
        ['denied:insufficient-scope', null],
        ['read-tokens', session],
      ]);
    });
    const listed = await testApp.client.send('GET', `/v1/audit?actor=${encodeURIComponent(`ticket:${key}#anna`)}`);
    expect(listed.status).toBe(200);
  });

  it('never logs a ticket or its subject', async () => {
    const session = await open('logged');
    const subject = `subject-${randomBytes(8).toString('hex')}`;
    const ticket = await ticketFor({ session }, { subject });
    await holding(ticket).read(session);
    await holding(ticket).read(ticket);
    await holding(`${ticket}x`).read(session);
    await testApp.client.read(ticket);
    const unknown = await testApp.client.create({ body: { [ticket]: 1 } });
    expect(unknown.text).toContain('[ticket]');
    await eventually(() => {
      expect(testApp.log.filter(({ sessionId }) => sessionId === session).length).toBeGreaterThan(0);
    });
    const log = JSON.stringify(testApp.log);
    for (const secret of [ticket, partsOf(ticket).signature, subject]) expect(log).not.toContain(secret);
    expect(log).toContain(`ticket of key:${bootstrapId()}`);
  });
});

function bootstrapId(): string {
  return String(testApp.apiKey.split('_')[1]);
}

function newRing(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`;
}
