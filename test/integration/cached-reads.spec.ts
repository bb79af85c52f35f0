import { ApiKeysRepository, SessionsRepository } from '@app/entities';
import { newApiKey, parseApiKey } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SessionReplyCache } from '../../apps/gateway/src/cached-reads/session-reply-cache.js';
import { AdmissionService } from '../support/admission-service.js';
import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { startTcpProxy, type TcpProxy, viaProxy } from '../support/tcp-proxy.js';
import { type RunningGateway, TestApp } from '../support/test-app.js';

/** The lease of the cache, and some time for a busy machine, in ms. */
const LEASE_MS = 2000;
const SLACK_MS = 2000;

/** Reads until a read needed no look at the database: what follows is served from memory. */
async function readUntilCached({ app, client }: RunningGateway, id: string, by: Client = client): Promise<void> {
  const find = jest.spyOn(app.get(SessionsRepository), 'find');
  await eventually(async () => {
    find.mockClear();
    expect((await by.read(id)).status).toBe(200);
    expect((await by.read(id)).status).toBe(200);
    expect(find).not.toHaveBeenCalled();
  });
  find.mockRestore();
}

describe('reads that are served from memory', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open();
  });
  afterAll(() => testApp.end());

  const open = async (room: string) => (await testApp.client.openRoom(room, { wait: 10 })).body.id;

  it('have the same status, headers and body as others', async () => {
    const id = await open('same');
    const first = await testApp.client.read(id);
    await readUntilCached(testApp.gateway, id);
    const cached = await testApp.client.read(id);
    expect([cached.status, cached.text]).toEqual([200, first.text]);
    const comparable = ({ date: _, 'request-id': __, ...headers }: Record<string, unknown>) => headers;
    expect(comparable(cached.headers)).toEqual(comparable(first.headers));
    expect(cached.headers['request-id']).not.toBe(first.headers['request-id']);
  });

  it('are logged and counted like others', async () => {
    const id = await open('logged');
    await readUntilCached(testApp.gateway, id);
    const lines = () => testApp.log.filter(({ msg, sessionId }) => msg === 'request' && sessionId === id);
    const before = lines().length;
    await testApp.client.read(id);
    await eventually(() => {
      expect(lines().length).toBe(before + 1);
    });
    const [a, b] = [lines()[0], lines().at(-1)];
    expect(Object.keys(b ?? {})).toEqual(Object.keys(lines()[1] ?? {}));
    expect(b).toMatchObject({ route: '/v1/sessions/:tokenId', status: 200, method: 'GET', caller: a?.caller });
  });

  it('are in the audit trail, every one', async () => {
    const id = await open('audited');
    await readUntilCached(testApp.gateway, id);
    const counted = async () => {
      const [row] = await testApp.database.rows<{ sum: number }>(
        `SELECT coalesce(sum(count), 0)::int AS sum FROM audit_entries WHERE action = 'read-tokens' AND session_id = $1`,
        [id],
      );
      return row?.sum ?? 0;
    };
    const settled = await eventually(async () => {
      const [one, other] = [await counted(), await testApp.client.read(id).then(counted)];
      expect(one).toBeGreaterThan(0);
      return Math.max(one, other);
    });
    for (let n = 0; n < 25; n++) await testApp.client.read(id);
    await eventually(async () => {
      expect(await counted()).toBeGreaterThanOrEqual(settled + 25);
    });
  });

  it('show no tokens to callers without the scope, and nothing to callers without a credential', async () => {
    const id = await open('scopes');
    await readUntilCached(testApp.gateway, id);
    const reader = await testApp.clientWith('sessions:read');
    for (let n = 0; n < 3; n++) {
      expect((await reader.read(id)).body.tokens).toBeUndefined();
      expect((await testApp.newClient(testApp.url, null).read(id)).status).toBe(401);
      expect((await testApp.newClient(testApp.url, newApiKey()).read(id)).status).toBe(401);
    }
  });

  it.each([
    ['closed', (id: string) => testApp.client.close(id), 204],
    ['rotated', (id: string) => testApp.client.rotate(id), 202],
  ])('end when the session is %s: on this gateway before the reply', async (how, end, status) => {
    // The event is often as fast as the reply, but need not be.
    const drop = jest.spyOn(testApp.gateway.app.get(SessionReplyCache), 'drop');
    for (let n = 0; n < 20; n++) {
      const id = await open(`${how} ${String(n)}`);
      await readUntilCached(testApp.gateway, id);
      // Reads in flight while the session is closed must not bring the reply back.
      const racing = Promise.all(Array.from({ length: 10 }, () => testApp.client.read(id)));
      expect((await end(id)).status).toBe(status);
      expect(drop).toHaveBeenCalledWith(id);
      expect((await testApp.client.read(id)).status).toBe(410);
      await racing;
      expect((await testApp.client.read(id)).status).toBe(410);
    }
    drop.mockRestore();
  });

  it('end within 5 s after their credential is revoked', async () => {
    const id = await open('revoked');
    const key = newApiKey();
    const parsed = parseApiKey(key);
    if (parsed === null) throw new Error('a generated key does not parse');
    const keys = testApp.gateway.app.get(ApiKeysRepository);
    await keys.ensure({ ...parsed, name: 'revoked', scopes: ['sessions:read', 'tokens:read'], ratePerS: null });
    const client = testApp.newClient(testApp.url, key);
    await readUntilCached(testApp.gateway, id, client);
    const revokedAt = performance.now();
    await keys.revoke(parsed.id);
    await eventually(async () => {
      expect((await client.read(id)).status).toBe(401);
    }, 10_000);
    expect(performance.now() - revokedAt).toBeLessThan(5000 + SLACK_MS);
  });
});

describe('reads from memory of a session that expires', () => {
  it('end at its time, by the clock of the database', async () => {
    const testApp = await TestApp.open({ tokenTtlS: 5, env: { SWEEP_EVERY_MS: '60000' } });
    try {
      const { body } = await testApp.client.openRoom('expires', { wait: 10 });
      await readUntilCached(testApp.gateway, body.id);
      const expiresAt = Date.parse(String(body.expiresAt));
      await eventually(async () => {
        expect((await testApp.client.read(body.id)).status).toBe(410);
      }, 15_000);
      expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
      expect(Date.now() - expiresAt).toBeLessThan(SLACK_MS);
    } finally {
      await testApp.end();
    }
  });
});

describe('reads from memory with an admission service', () => {
  it('are denied when it denies', async () => {
    const service = await AdmissionService.start();
    const testApp = await TestApp.open({ env: service.env });
    try {
      const { body } = await testApp.client.openRoom('admitted', { wait: 10 });
      await readUntilCached(testApp.gateway, body.id);
      service.answer = () => ({ allow: false, reason: 'left' });
      const expectDenied = async () => {
        expect(await testApp.client.read(body.id)).toMatchObject({ status: 403, body: { code: 'admission-denied' } });
      };
      // An "allow" holds for 5 s.
      await eventually(expectDenied, 10_000);
      // The credential has just been accepted again, and the reply is still there.
      for (let n = 0; n < 5; n++) await expectDenied();
    } finally {
      await testApp.end();
      await service.close();
    }
  });
});

describe('a session closed on another gateway', () => {
  let testApp: TestApp;
  let proxy: TcpProxy;
  let other: RunningGateway;
  beforeAll(async () => {
    testApp = await TestApp.open();
    proxy = await startTcpProxy(testApp.database.url);
    other = await testApp.startGateway({ DATABASE_URL: viaProxy(testApp.database.url, proxy) });
  });
  afterAll(async () => {
    await testApp.end();
    await proxy.close();
  });

  it.each([
    ['as usual', () => undefined],
    [
      'with its LISTEN connection cut',
      () => {
        proxy.cut();
      },
    ],
    [
      'with its LISTEN connection frozen',
      () => {
        proxy.pause();
      },
    ],
    [
      'with all that it hears delayed',
      () => {
        proxy.slow(1500);
      },
    ],
  ])('is not readable there after the lease: %s', async (name, fault) => {
    const { body } = await testApp.client.openRoom(`elsewhere ${name}`, { wait: 10 });
    await readUntilCached(other, body.id);
    fault();
    await testApp.client.close(body.id);
    const closedAt = performance.now();
    try {
      // Whatever it answers then (410, or 503 while its database is out of reach), it is not the session.
      let readableUntil = closedAt;
      await eventually(async () => {
        const { status } = await other.client.read(body.id);
        if (status === 200) readableUntil = performance.now();
        expect(status).not.toBe(200);
      }, 20_000);
      expect(readableUntil - closedAt).toBeLessThan(LEASE_MS + SLACK_MS);
    } finally {
      proxy.slow(0);
      proxy.resume();
      proxy.cut();
      await eventually(async () => {
        expect((await other.client.read(body.id)).status).toBe(410);
      }, 20_000);
    }
  });
});
