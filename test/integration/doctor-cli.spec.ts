import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { newSessionId } from '@app/kernel';
import { maxOpenFiles } from '@app/observability';
import { KeyRing } from '@app/sealing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { CertificateAuthority } from '../support/certificates.js';
import { ConnectProxy } from '../support/connect-proxy.js';
import { AdmissionService } from '../support/admission-service.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { type RunningSandbox, startCasSandbox } from '../support/cas-sandbox.js';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { runCommand } from '../support/cli.js';
import { TraceReceiver } from '../support/trace-receiver.js';
import { startTransactionPooler } from '../support/transaction-pooler.js';

const KEYS = new Map(['k1', 'k2', 'k9'].map((id) => [id, randomBytes(32)]));
const keyOf = (id: string) => KEYS.get(id) ?? randomBytes(32);
const ring = (...ids: string[]) => ids.map((id) => `${id}:${keyOf(id).toString('base64')}`).join();

let database: TestDatabase;
let cas: RunningSandbox;
beforeAll(async () => {
  [database, cas] = await Promise.all([cloneDatabase(), startCasSandbox()]);
});
afterAll(async () => {
  await cas.close();
  await database.drop();
});

const doctor = (env: Record<string, string>, ...args: string[]) => runCommand(['doctor', ...args], env);

/** The beginnings of the lines: the sign and the check. */
const signs = (text: string) => text.split('\n').map((line) => line.slice(0, 16).trim());

/** @param erased whether the tokens are no longer there, as after a session was closed */
async function put(count: number, keyId: string, { erased = false } = {}): Promise<void> {
  const ids = Array.from({ length: count }, newSessionId);
  const keys = new KeyRing([{ id: keyId, key: keyOf(keyId) }]);
  const sealed = ids.map((sessionId) => (erased ? null : keys.seal('token', { sessionId, product: 'stream' }).sealed));
  await database.rows(
    `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at, created_at)
     SELECT id, 1, 'pending', '{stream}', 'key:test', now() + interval '1 hour', now() + interval '1 hour',
            now() - interval '75 seconds' FROM unnest($1::text[]) id`,
    [ids],
  );
  await database.rows(
    `INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
     SELECT id, 'stream', text, $3, now() + interval '1 hour' FROM unnest($1::text[], $2::text[]) AS t (id, text)`,
    [ids, sealed, keyId],
  );
}

const addKey = (id: string, expires: string | null) =>
  database.rows(
    `INSERT INTO api_keys (id, name, secret_sha256, scopes, expires_at) VALUES ($1, 'backend', '', '{}', now() + $2::interval)`,
    [id, expires],
  );

describe('doctor', () => {
  it('finds nothing where all is well, and asks CAS for no token', async () => {
    await addKey('lasting', null);
    const { TEST_REDIS_URL } = process.env;
    const { code, text } = await doctor({
      DATABASE_URL: database.url,
      TOKEN_ENCRYPTION_KEYS: ring('k1'),
      ...{ CAS_URL: cas.url, CAS_API_KEY: cas.apiKey, CAS_API_SECRET: cas.apiSecret },
      ...(TEST_REDIS_URL !== undefined && { REDIS_URL: TEST_REDIS_URL }),
      ...{ MAX_CONNECTIONS: '100', HOST: '127.0.0.1', PORT: String(await freePort()), OPS_PORT: '0' },
    });
    expect(signs(text)).toEqual([
      ...['✓ configuration', '✓ database', '✓ database TLS', '✓ schema', '✓ connections', '✓ rights', '✓ clock'],
      ...['✓ key ring', '✓ API keys', '✓ pending', '✓ failed', '✓ queue'],
      // The Redis of the tests keeps nothing on disk.
      ...(TEST_REDIS_URL === undefined ? [] : ['✓ queue rights', '✓ queue memory', '! queue disk']),
      ...['✓ CAS', '✓ open files', '✓ listen address', '✓ listen address'],
    ]);
    expect(code).toBe(0);
    expect((await cas.summary()).total.calls).toBe(0);
  }, 90_000);

  it('says what it was not told, and works with what it was', async () => {
    await put(2, 'k1');
    const { code, text } = await doctor({ DATABASE_URL: database.url }, '--json');
    const findings = JSON.parse(text) as { check: string; level: string; text: string }[];
    expect(findings.filter(({ level }) => level === 'not-checked')).toEqual([
      expect.objectContaining({
        check: 'configuration',
        text: 'TOKEN_ENCRYPTION_KEYS, CAS_URL, CAS_API_KEY, CAS_API_SECRET not set in this shell; the rest is valid',
      }),
      expect.objectContaining({ check: 'key ring', text: expect.stringContaining('k1 seals 2 tokens') }),
      expect.objectContaining({ check: 'CAS' }),
    ]);
    expect(findings.find(({ check }) => check === 'queue')).toMatchObject({ level: 'ok' });
    expect(code).toBe(0);
  }, 90_000);

  it('finds all that is wrong in one run, says what to do, and shows no value', async () => {
    await put(3, 'k9');
    await addKey('ending', '3 days');
    const pooler = await startTransactionPooler(database.url);
    const closed = `127.0.0.1:${await freePort()}`;
    const keys = ring('k2', 'k1');
    const { code, text } = await doctor({
      DATABASE_URL: pooler.url,
      TOKEN_ENCRYPTION_KEYS: keys,
      REDIS_URL: `redis://:hush-3141@${closed}`,
      ...{ CAS_URL: `http://${closed}`, CAS_API_KEY: 'hush-3141', CAS_API_SECRET: 'hush-3141' },
      PORT: 'hush-3141',
    });
    await pooler.close();
    for (const line of [
      '✗ configuration  PORT must be a whole number → ',
      '✗ connections    session state is lost between two statements → connect to PostgreSQL directly',
      '✗ key ring       k9 seals 3 tokens but is not in the ring',
      '! API keys       ending (backend) expires in 2 days → ',
      '! pending        oldest session: ',
      `✗ queue          Redis at ${closed}: connection refused (ECONNREFUSED) → `,
      `✗ CAS            host ${closed} is unreachable (connection refused, ECONNREFUSED) → `,
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toMatch(/hush-3141/);
    expect(text).not.toContain(keys.slice(3, 20));
    expect(code).toBe(1);
  }, 90_000);

  it('tells the stage of a rotation', async () => {
    await database.rows('DELETE FROM sessions');
    await put(2, 'k1');
    const stage = async (...ids: string[]) => {
      const { code, text } = await doctor({ DATABASE_URL: database.url, TOKEN_ENCRYPTION_KEYS: ring(...ids) });
      expect(code).toBe(0);
      return /^.*key ring.*$/m.exec(text)?.[0];
    };
    expect(await stage('k1', 'k2')).toContain('if k2 is a new key, move it to the front');
    expect(await stage('k2', 'k1')).toMatch(/^! .*still k1 seals 2 tokens → .*reseal/);
    await database.rows(`UPDATE session_tokens SET key_id = 'k2'`);
    await put(1, 'k1', { erased: true });
    expect(await stage('k2', 'k1')).toMatch(/^✓ .*k1 no longer seals any → k1 can be removed from the ring/);
  }, 120_000);

  it('opens one token per key, so that a key with the wrong bytes is found', async () => {
    await database.rows('DELETE FROM sessions');
    await put(2, 'k1');
    const wrong = `k1:${randomBytes(32).toString('base64')}`;
    const { code, text } = await doctor({ DATABASE_URL: database.url, TOKEN_ENCRYPTION_KEYS: wrong });
    expect(text).toMatch(/^✗ key ring +k1 cannot open a token that was sealed under this id: .* → restore the bytes/m);
    expect(code).toBe(1);
  }, 90_000);

  it('finds an address that another program has, and a limit of open files that is too low', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const env = { HOST: '127.0.0.1', PORT: String(port), OPS_PORT: '0', MAX_CONNECTIONS: '1000000' };
    const { text } = await doctor({ DATABASE_URL: database.url, ...env });
    other.close();
    expect(text).toContain(`✗ listen address 127.0.0.1:${String(port)} (HOST, PORT) is in use by another program → `);
    if ((maxOpenFiles() ?? Infinity) < 1_000_200) expect(text).toMatch(/^! open files .*MAX_CONNECTIONS 1000000/m);
  }, 90_000);

  it('says when the schema is missing, and when there is no database at all', async () => {
    const empty = await doctor({ DATABASE_URL: process.env.TEST_PG_URL ?? '' });
    const nothing = await doctor({});
    expect(signs(empty.text)).toEqual(expect.arrayContaining(['✓ database', '✗ schema', '! rows', '✗ queue']));
    expect(empty.text).toContain('npm run migrate');
    expect(nothing.text).toContain('✗ database       DATABASE_URL is not set');
    expect([empty.code, nothing.code]).toEqual([1, 1]);
  }, 90_000);
});

describe('doctor, about the services that the processes call', () => {
  let authority: CertificateAuthority;
  let proxy: ConnectProxy;
  let provider: IdentityProvider;
  let service: AdmissionService;
  beforeAll(async () => {
    authority = new CertificateAuthority();
    const tls = authority.issue('login.example');
    [proxy, provider, service] = await Promise.all([
      ConnectProxy.start({ credentials: 'user:hush-3141' }),
      IdentityProvider.start({ issuer: 'https://login.example/realm', tls }),
      AdmissionService.start(),
    ]);
    proxy.routes.set('login.example:443', provider.port).set('cas.example:443', provider.port);
  });
  afterAll(async () => {
    await Promise.all([proxy.close(), provider.close(), service.close()]);
    authority.remove();
  });

  const lines = async (env: Record<string, string>) => {
    const { text } = await doctor({
      ...{ CAS_URL: 'https://cas.example', CAS_API_KEY: 'hush-3141', CAS_API_SECRET: 'hush-3141' },
      HTTPS_PROXY: `http://user:hush-3141@127.0.0.1:${proxy.port}`,
      EXTRA_CA_CERTS: authority.file,
      ...{ OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', ...service.env },
      ...env,
    });
    expect(text).not.toContain('hush-3141');
    return text.split('\n').filter((line) => /^. (CAS|OIDC|admission|traces) /.test(line));
  };

  it('connects as they do: through the proxy, with their certificates, and without a request to CAS or admission', async () => {
    proxy.routes.set('cas.example:443', provider.port);
    provider.keySet = (keys) => ({ keys: [...keys, { kty: 'oct' }] });
    const name = `127.0.0.1:${proxy.port}`;
    expect(await lines({})).toEqual([
      // The certificate is the one of another host: TLS is part of the check.
      expect.stringMatching(
        `^✗ CAS            host cas\\.example:443 through proxy ${name} is unreachable \\(TLS: its certificate is for another host name, ERR_TLS_CERT_ALTNAME_INVALID\\) → .*EXTRA_CA_CERTS`,
      ),
      '✓ OIDC           1 usable key on login.example:443, 1 skipped, issuer matches',
      `✓ admission      host ${new URL(service.url).host} accepts connections (no question asked)`,
    ]);
    expect(await lines({ CAS_URL: 'https://login.example' })).toContain(
      `✓ CAS            host login.example:443 through proxy ${name} accepts TLS connections (no token requested)`,
    );
    expect(service.asked).toEqual([]);
    expect(service.forged).toBe(0);
  });

  it('names a proxy that refuses, and what NO_PROXY makes direct', async () => {
    const name = `127.0.0.1:${proxy.port}`;
    const HTTPS_PROXY = `http://user:wrong@${name}`;
    const why = `(proxy ${name} answered 407 to CONNECT) → `;
    expect(await lines({ HTTPS_PROXY, ADMISSION_URL: 'https://admission.example/' })).toEqual([
      expect.stringContaining(`✗ CAS            host cas.example:443 through proxy ${name} is unreachable ${why}`),
      expect.stringContaining(
        `✗ OIDC           login.example:443/realm/.well-known/openid-configuration is unreachable ${why}`,
      ),
      expect.stringContaining(
        `✗ admission      host admission.example:443 through proxy ${name} is unreachable ${why}`,
      ),
    ]);
    const [direct] = await lines({ HTTPS_PROXY, NO_PROXY: '.invalid', CAS_URL: 'https://cas.invalid' });
    expect(direct).toMatch(
      /^✗ CAS {12}host cas\.invalid:443 is unreachable \((unknown host|host name not resolved|no response)/,
    );
  });

  it('says why the keys of the identity provider cannot be used', async () => {
    provider.keySet = () => ({ keys: [] });
    expect(await lines({})).toContainEqual(
      expect.stringMatching(/^✗ OIDC {11}the key set login\.example:443\/realm\/keys is empty → publish a key/),
    );
    expect(await lines({ OIDC_ISSUER: `${provider.issuer}/` })).toContainEqual(
      expect.stringMatching(/^✗ OIDC .*names another issuer than OIDC_ISSUER: https:\/\/login\.example\/realm → set/),
    );
  });

  it('says whether the receiver of traces accepts them, and nothing of its headers', async () => {
    const receiver = await TraceReceiver.start();
    const host = new URL(receiver.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? '').host;
    const env = {
      ...receiver.env,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hush-traces',
    };
    const said = async (given: Record<string, string> = env) => {
      const { code, text } = await doctor(given);
      expect(text).not.toContain('hush-traces');
      return { code, line: text.split('\n').find((line) => /^. traces /.test(line)) };
    };
    expect((await said()).line).toBe(`✓ traces         receiver ${host} accepts them (none sent)`);
    expect(receiver.headers[0]?.authorization).toBe('Bearer hush-traces');
    expect(receiver.spans).toEqual([]);
    receiver.status = 401;
    expect((await said()).line).toBe(
      `! traces         receiver ${host} answers 401: spans are dropped → check OTEL_EXPORTER_OTLP_HEADERS`,
    );
    await receiver.close();
    expect((await said()).line).toMatch(
      /^! traces .* is unreachable \(.+\): spans are dropped → check OTEL_EXPORTER_OTLP_ENDPOINT/,
    );
    expect((await said({})).line).toBeUndefined();
  });

  it('says nothing about services that are not configured in its shell', async () => {
    const none = { OIDC_ISSUER: '', OIDC_AUDIENCE: '', ADMISSION_URL: '', ADMISSION_SECRET: '' };
    expect(await lines({ ...none, CAS_API_KEY: '' })).toEqual([
      '! CAS            not checked: CAS_API_KEY not set in this shell',
    ]);
    expect(await lines({ ...none, OIDC_ISSUER: 'http://login.example' })).toContain(
      '! OIDC           not checked: its configuration is invalid',
    );
  });
});
