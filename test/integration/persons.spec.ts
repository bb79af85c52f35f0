import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI } from 'jose';
import type { Client, Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

let provider: IdentityProvider;
let testApp: TestApp;
const clients: Client[] = [];
beforeAll(async () => {
  provider = await IdentityProvider.start();
  testApp = await TestApp.open({
    env: {
      OIDC_ISSUER: provider.issuer,
      OIDC_AUDIENCE: 'watch',
      OIDC_DEFAULT_SCOPES: 'sessions:read,tokens:read',
      OIDC_ALLOW_ADMIN: 'on',
    },
  });
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});

const as = (token: string, url = testApp.url): Client => {
  const client = testApp.newClient(url, token);
  clients.push(client);
  return client;
};
const HOST = 'sessions:create sessions:close sessions:read rooms:open tokens:read';
const host = async (sub: string) => as(await provider.token(sub, { claims: { scope: HOST } }));
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tryToken = (token: string): Promise<Reply> => as(token).read(`ses_${'x'.repeat(22)}`);
/** Let in: what was asked for is not there. */
const expectLetIn = async (token: string) => {
  expect((await tryToken(token)).status).toBe(404);
};
const expectRefused = async (token: string) => {
  const reply = await tryToken(token);
  expect([reply.status, (reply.body as unknown as { code: string }).code]).toEqual([401, 'unauthenticated']);
  expect(reply.headers['www-authenticate']).toBe('Bearer realm="watchtogether", error="invalid_token"');
  expect(reply.text).not.toContain(token.slice(-20));
};

describe('a person with a JWT of the identity provider', () => {
  it('opens a room with the scopes of the token, and reads the token that everybody gets', async () => {
    const client = await host('anna');
    const opened = await client.openRoom('of anna', { wait: 10 });
    expect(opened.status).toBe(201);
    const viewer = as(await provider.token('ben'));
    const read = await viewer.read(opened.body.id);
    expect(read.body.tokens).toEqual(opened.body.tokens);
    expect(await testApp.database.rows('SELECT created_by FROM sessions WHERE id = $1', [opened.body.id])).toEqual([
      { created_by: `user:${provider.issuer}#anna` },
    ]);
  });

  it('has the default scopes when the token names none of ours, and no others', async () => {
    for (const scope of [undefined, 'openid profile', 7, ['openid']]) {
      const viewer = as(await provider.token('ben', { claims: { scope } }));
      const refused = await viewer.openRoom('not-opened');
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([
        403,
        'Bearer realm="watchtogether", error="insufficient_scope", scope="rooms:open"',
      ]);
      await expectLetIn(viewer.apiKey ?? '');
    }
    const listed = as(await provider.token('ben', { claims: { scope: ['rooms:open', 'openid'] } }));
    expect((await listed.openRoom('of a list')).status).toBeLessThan(300);
    expect((await listed.create()).status).toBe(403);
  });

  it('closes what they created, and nothing else; an admin closes anything', async () => {
    const [anna, ben] = [await host('anna'), await host('ben')];
    const { body } = await anna.openRoom('closing');
    const refused = await ben.close(body.id);
    expect([refused.status, (refused.body as unknown as { code: string }).code]).toEqual([403, 'insufficient-scope']);
    expect((await ben.close(`ses_${'x'.repeat(22)}`)).status).toBe(404);
    expect((await testApp.client.read(body.id)).status).toBe(200);
    expect((await anna.close(body.id)).status).toBe(204);
    expect((await anna.close(body.id)).status).toBe(204);
    const other = (await anna.openRoom('closing')).body;
    const admin = as(await provider.token('root', { claims: { scope: 'admin' } }));
    expect((await admin.close(other.id)).status).toBe(204);
  });

  it('is no admin by a claim unless the deployment says so', async () => {
    const { url } = await testApp.startGateway({ OIDC_ALLOW_ADMIN: 'off' });
    const token = await provider.token('root', { claims: { scope: 'admin sessions:read' } });
    expect((await testApp.newClient(url, token).send('GET', '/v1/sessions')).status).toBe(403);
  });

  it.each(['a\u0000b', 'a\u001b[2J', 'a\nb', 'a\u202eb', 'a\u2028b', '\ud800'])(
    'is rejected with the subject %j',
    async (sub) => {
      expect((await as(await provider.token(sub)).read(`ses_${'x'.repeat(22)}`)).status).toBe(401);
    },
  );

  it('is named in no log', async () => {
    await (await host('unheard-of')).openRoom('quiet');
    await eventually(() => {
      expect(testApp.log.some((line) => line.caller === 'user')).toBe(true);
    });
    expect(JSON.stringify(testApp.log)).not.toContain('unheard-of');
  });

  it('never sees what another caller made with the same Idempotency-Key', async () => {
    const callers = [
      await host('anna'),
      await host('ben'),
      testApp.client,
      await testApp.clientWith('sessions:create'),
    ];
    const made = await Promise.all(callers.map((client) => client.create({ key: 'the same' })));
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(4);
    const again = await Promise.all(callers.map((client) => client.create({ key: 'the same', body: {} })));
    expect(again.map(({ body }: Reply) => body.id)).toEqual(made.map(({ body }) => body.id));
  });
});

describe('a token is refused', () => {
  const now = Math.floor(Date.now() / 1000);
  it.each([
    ['of another issuer', { iss: 'https://elsewhere.example.com' }],
    ['of no issuer', { iss: undefined }],
    ['for another audience', { aud: 'else' }],
    ['for no audience', { aud: undefined }],
    ['that is expired', { exp: now - 60 }],
    ['that is not yet valid', { nbf: now + 600 }],
    ['without an end', { exp: undefined }],
    ['with an end that is text', { exp: 'tomorrow' }],
    ['of an empty person', { sub: '' }],
    ['of a person that cannot be stored', { sub: 'a\0b' }],
    ['of a person with a name of 256 characters', { sub: 'x'.repeat(256) }],
    ['of a person that is no text', { sub: 7 }],
  ])('%s', async (_name, claims) => {
    await expectRefused(await provider.token('eve', { claims }));
  });

  it('without a person', async () => {
    await expectRefused(await provider.token(undefined));
  });

  it('for two audiences only if ours is not among them', async () => {
    await expectLetIn(await provider.token('eve', { claims: { aud: ['else', 'watch'] } }));
    await expectRefused(await provider.token('eve', { claims: { aud: ['else', 'other'] } }));
  });

  it('within 5 s of its end it is still let in, for clocks differ', async () => {
    const exp = Math.floor(Date.now() / 1000) - 1;
    await expectLetIn(await provider.token('eve', { claims: { exp } }));
  });

  it('without a signature, or with alg none in any case', async () => {
    const [, payload = ''] = (await provider.token('eve')).split('.');
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      for (const signature of ['', 'x']) {
        await expectRefused(`${encoded({ alg, kid: provider.key.kid })}.${payload}.${signature}`);
      }
    }
  });

  it('signed with the public key as if it were a shared secret', async () => {
    const [, payload = ''] = (await provider.token('eve')).split('.');
    const pem = await exportSPKI(provider.key.publicKey);
    const jwk = JSON.stringify(await exportJWK(provider.key.publicKey));
    for (const secret of [pem, pem.trim(), jwk]) {
      const head = encoded({ alg: 'HS256', kid: provider.key.kid });
      await expectRefused(
        `${head}.${payload}.${createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')}`,
      );
    }
  });

  it('with a key that it brings along or points to', async () => {
    const own = await provider.addKey('RS256', { publish: false });
    const jwk = await exportJWK(own.publicKey);
    for (const header of [
      { jwk },
      { jku: `${provider.issuer}/evil` },
      { x5u: `${provider.issuer}/evil` },
      { kid: provider.key.kid, jwk },
      { kid: '../../etc/passwd' },
      { kid: "' OR 1=1 --" },
    ]) {
      await expectRefused(await provider.token('eve', { pair: own, header }));
    }
  });

  it('with another payload than was signed', async () => {
    const [head = '', , signature = ''] = (await provider.token('eve')).split('.');
    const payload = encoded({ iss: provider.issuer, aud: 'watch', sub: 'admin', scope: 'admin', exp: now + 600 });
    await expectRefused(`${head}.${payload}.${signature}`);
  });

  it('with an algorithm that is not one of ours', async () => {
    await expectRefused(await provider.token('eve', { pair: await provider.addKey('RS512') }));
  });

  it.each(['', 'x', '.', '..', '...', 'a.b.c', 'eyJhbGciOiJSUzI1NiJ9..', 'eyJ.eyJ.eyJ'])(
    'that is none: %j',
    async (token) => {
      expect((await as(token).read('ses_x')).status).toBe(401);
    },
  );

  it('of a megabyte, by the parser', async () => {
    const client = as(`${encoded({ alg: 'RS256' })}.${'x'.repeat(1_000_000)}.x`);
    const status = await client.read('ses_x').then(
      (reply) => reply.status,
      () => 'cut',
    );
    expect([431, 'cut']).toContain(status);
    expect((await testApp.client.read(`ses_${'x'.repeat(22)}`)).status).toBe(404);
  });
});

describe('the provider', () => {
  it('is asked once for a flood of unknown keys, and its known ones go on meanwhile', async () => {
    const before = provider.asked;
    const unknown = await provider.addKey('RS256', { publish: false });
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, n) => provider.token('eve', { pair: unknown, header: { kid: `flood-${n}` } })),
    );
    const statuses = await Promise.all(tokens.map(async (token) => (await tryToken(token)).status));
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(provider.asked - before).toBeLessThanOrEqual(1);
    await expectLetIn(await provider.token('anna', { claims: { jti: 'fresh' } }));
  });

  it.each(['ES256', 'PS256', 'EdDSA'])('may sign with %s; a new key is picked up by itself', async (alg) => {
    const pair = await provider.addKey(alg);
    const fresh = await testApp.startGateway();
    const client = as(await provider.token('anna', { pair }), fresh.url);
    await eventually(async () => {
      expect((await client.read(`ses_${'x'.repeat(22)}`)).status).toBe(404);
    });
  });

  it('is away: known keys go on, unknown ones are refused fast with 503, and it all comes back by itself', async () => {
    const late = await provider.addKey('RS256', { publish: false });
    const fresh = await testApp.startGateway();
    const read = async (token: string) => (await as(token, fresh.url).read(`ses_${'x'.repeat(22)}`)).status;
    await eventually(async () => {
      expect(await read(await provider.token('anna', { claims: { jti: 'before' } }))).toBe(404);
    });
    provider.away = true;
    expect(await read(await provider.token('anna', { claims: { jti: 'while it is away' } }))).toBe(404);

    const deaf = await testApp.startGateway();
    const unknown = async () => {
      const token = await provider.token('anna', { pair: late });
      return (await as(token, deaf.url).read(`ses_${'x'.repeat(22)}`)).status;
    };
    const asked = performance.now();
    for (let i = 0; i < 20; i++) expect(await unknown()).toBe(503);
    expect(performance.now() - asked).toBeLessThan(4000);

    provider.away = false;
    provider.publish(late);
    await eventually(async () => {
      expect(await unknown()).toBe(404);
    }, 15_000);
  }, 40_000);
});

describe('without a provider', () => {
  it('no token is accepted', async () => {
    const plain = await testApp.startGateway({ OIDC_ISSUER: '', OIDC_AUDIENCE: '' });
    expect((await as(await provider.token('anna'), plain.url).read('ses_x')).status).toBe(401);
  });
});
