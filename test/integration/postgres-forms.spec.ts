import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresAccess } from '@app/connections';
import { waitForDatabase } from '@app/entities';
import { classifyCause } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freePort } from '../../tools/ports.mjs';
import { type RunningPostgres, startPostgres } from '../../tools/postgres.mjs';
import { CertificateAuthority } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { pgBouncerPath, type RunningPgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { TestApp } from '../support/test-app.js';

/** Connects and returns what the server says of the connection; or the cause of the failure, in words. */
async function outcome(url: string): Promise<string> {
  const access = new PostgresAccess({ url });
  const client = access.newClient({ connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return rows[0]?.ssl === true ? 'encrypted' : 'plain';
  } catch (error) {
    return classifyCause(error).what;
  } finally {
    await client.end().catch(() => undefined);
  }
}

describe('the forms of DATABASE_URL, on a Postgres with TLS, a socket and SCRAM', () => {
  let directory: string;
  let server: RunningPostgres;
  let trusted: CertificateAuthority;
  let other: CertificateAuthority;
  const url = (query = '', host = 'localhost') => {
    const target = new URL(server.superuserUrl);
    target.hostname = host;
    return `${target.href}${query}`;
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchtogether-forms-'));
    chmodSync(directory, 0o755);
    [trusted, other] = [new CertificateAuthority(), new CertificateAuthority()];
    const { key, cert } = trusted.issue('localhost', '127.0.0.1');
    const [keyFile, certFile] = [join(directory, 'tls.key'), join(directory, 'tls.crt')];
    writeFileSync(keyFile, key);
    writeFileSync(certFile, cert);
    server = await startPostgres({ dataDir: join(directory, 'pg'), port: await freePort(), noSync: true });
    const admin = new pg.Client({ connectionString: server.superuserUrl });
    await admin.connect();
    // The server's user must own its key, and the test may not be able to give files away.
    await admin.query(
      `COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; cp ${keyFile} server.key && chmod 600 server.key && cp ${certFile} server.crt'`,
    );
    await admin.query(`ALTER SYSTEM SET ssl = on`);
    await admin.query(`ALTER SYSTEM SET unix_socket_directories = '${server.dataDir}'`);
    await admin.query(`CREATE ROLE plain LOGIN PASSWORD 'hush'`);
    await admin.end();
    const { port } = server;
    await server.stop();
    server = await startPostgres({
      dataDir: server.dataDir,
      port,
      noSync: true,
      settings: { unix_socket_directories: server.dataDir, listen_addresses: '127.0.0.1,127.0.0.2' },
    });
  });
  afterAll(async () => {
    await server.stop('immediate');
    trusted.remove();
    other.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each([
    ['', 'plain'],
    ['?sslmode=disable', 'plain'],
    ['?sslmode=require', 'encrypted'],
    ['?sslmode=require&channel_binding=require', 'encrypted'],
    ['?sslmode=no-verify', 'encrypted'],
    ['?sslmode=verify-full', 'TLS: its certificate is not signed by a trusted CA'],
    ['?sslmode=verify-full&sslrootcert=CA', 'encrypted'],
    ['?sslmode=verify-ca&sslrootcert=CA', 'encrypted'],
    ['?sslmode=require&sslrootcert=OTHER', 'TLS: its certificate is not signed by a trusted CA'],
    ['?sslmode=require&sslnegotiation=direct', 'encrypted'],
    ['?user=nobody', 'user or password refused'],
    ['?dbname=none', 'the database does not exist'],
    ['?options=-c%20geqo%3Doff', 'plain'],
  ])('%s: %s', async (query, expected) => {
    expect(await outcome(url(query.replace('CA', trusted.file).replace('OTHER', other.file)))).toBe(expected);
  });

  it('refuses a certificate for another host, unless only its CA is to be checked', async () => {
    const [full, ca] = [
      `?sslmode=verify-full&sslrootcert=${trusted.file}`,
      `?sslmode=verify-ca&sslrootcert=${trusted.file}`,
    ];
    expect(await outcome(url(full, '127.0.0.2'))).toBe('TLS: its certificate is for another host name');
    expect(await outcome(url(ca, '127.0.0.2'))).toBe('encrypted');
  });

  it('refuses a server that offers no channel binding where it is required', async () => {
    const admin = new pg.Client({ connectionString: server.superuserUrl });
    await admin.connect();
    await admin.query(
      `COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; sed -i "1i hostssl all plain 127.0.0.1/32 password" pg_hba.conf'`,
    );
    await admin.query('SELECT pg_reload_conf()');
    await admin.end();
    const plain = new URL(url('', '127.0.0.1'));
    plain.username = 'plain';
    plain.password = 'hush';
    await eventually(async () => {
      expect(await outcome(`${plain.href}?sslmode=require`)).toBe('encrypted');
    });
    expect(await outcome(`${plain.href}?sslmode=require&channel_binding=require`)).toBe(
      'the server does not offer channel binding',
    );
  });

  it('reaches a Unix socket', async () => {
    const { username, password, pathname, port } = new URL(server.superuserUrl);
    const socket = encodeURIComponent(server.dataDir);
    expect(await outcome(`postgres://${username}:${password}@/postgres?host=${socket}&port=${port}`)).toBe('plain');
    expect(await outcome(`postgres://${username}:${password}@${socket}:${port}${pathname}`)).toBe('plain');
    expect(await outcome(`postgres://${username}:${password}@/x?host=/none&port=${port}`)).toBe(
      'no such file or socket',
    );
  });

  it('names what went wrong on the way there', async () => {
    expect(await outcome(`postgres://u:p@127.0.0.1:${String(await freePort())}/x`)).toBe('connection refused');
    expect(await outcome('postgres://u:p@unknown.invalid/x')).toMatch(/^(unknown host|host name not resolved)/);
    expect(await outcome(`postgres://u@127.0.0.1:${String(server.port)}/x`)).toMatch(/wants a password/);
  });
});

describe('a URL file that changes', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchtogether-url-file-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('is taken up once it works, and until then the previous URL serves', async () => {
    const testApp = await TestApp.open({ worker: false });
    const role = `rotated_${randomBytes(4).toString('hex')}`;
    const rows = (sql: string, parameters: unknown[] = []) => testApp.database.rows(sql, parameters);
    await rows(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'first'`);
    const urlFile = join(directory, 'database_url');
    const urlWith = (password: string) => {
      const url = new URL(testApp.database.url);
      url.username = role;
      url.password = password;
      return url.href;
    };
    writeFileSync(urlFile, urlWith('first'));
    try {
      const { client } = await testApp.startGateway({ DATABASE_URL: '', DATABASE_URL_FILE: urlFile });
      expect((await client.openRoom('before')).status).toBe(202);

      // The file first: the password in it is not valid yet.
      writeFileSync(urlFile, urlWith('second'));
      await eventually(() => {
        expect(testApp.log.map(({ msg }) => msg)).toContainEqual(
          expect.stringMatching(/^DATABASE_URL_FILE changed, but its content is not used: .*user or password refused/),
        );
      });
      await rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
      await eventually(async () => {
        expect((await client.openRoom('between')).status).toBeLessThan(300);
      });

      await rows(`ALTER ROLE ${role} PASSWORD 'second'`);
      await eventually(() => {
        expect(testApp.log.map(({ msg }) => msg)).toContainEqual(
          expect.stringMatching(/^DATABASE_URL reloaded from its file: new connections/),
        );
      });
      await rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
      await eventually(async () => {
        expect((await client.openRoom('after')).status).toBe(202);
      });
      expect(JSON.stringify(testApp.log)).not.toMatch(/:first@|:second@/);
    } finally {
      await testApp.end();
      const admin = new pg.Client({ connectionString: process.env.TEST_PG_URL });
      await admin.connect();
      await admin.query(`DROP ROLE ${role}`);
      await admin.end();
    }
  });
});

describe('a role without CREATE on the schema of the queue', () => {
  const GRANTS = readFileSync(join(import.meta.dirname, '../../docker/grants.sql'), 'utf8');

  it('accepts sessions, and log and readiness name the missing right', async () => {
    const testApp = await TestApp.open({ worker: false });
    const role = `limited_${randomBytes(4).toString('hex')}`;
    await testApp.database.rows(`CREATE ROLE ${role} LOGIN PASSWORD 'app'`);
    await testApp.database.pool.query(GRANTS.replaceAll('watchtogether_app', role));
    await testApp.database.rows(`REVOKE CREATE ON SCHEMA bullmq FROM ${role}`);
    const url = new URL(testApp.database.url);
    url.username = role;
    url.password = 'app';
    try {
      const { client } = await testApp.startGateway({ DATABASE_URL: url.href });
      expect((await client.openRoom('no-create')).status).toBe(202);
      await eventually(() => {
        expect(testApp.log.map(({ msg }) => msg)).toContainEqual(
          expect.stringMatching(/^queue unavailable: PostgreSQL at .* lacks a right on schema bullmq \(42501\); grant/),
        );
      });
      await testApp.database.rows(`REVOKE INSERT ON audit_entries FROM ${role}`);
      const ready = await client.send<{ failing: string[] }>('GET', '/readyz');
      expect([ready.status, ready.body.failing]).toEqual([503, ['database']]);
      expect(JSON.stringify(testApp.log)).toContain('lacks a right on table audit_entries (INSERT) (42501)');
      expect((await client.openRoom('no-right')).status).toBe(503);
      expect(testApp.log.map(({ msg }) => msg)).toContainEqual(
        expect.stringMatching(/^database unavailable: PostgreSQL at .* lacks a right on table audit_entries \(42501\)/),
      );
    } finally {
      await testApp.end();
      const admin = new pg.Client({ connectionString: process.env.TEST_PG_URL });
      await admin.connect();
      await admin.query(`DROP ROLE ${role}`);
      await admin.end();
    }
  });
});

const withPgBouncer = pgBouncerPath() === undefined ? describe.skip : describe;

withPgBouncer('PgBouncer', () => {
  let testApp: TestApp;
  let pooler: RunningPgBouncer | undefined;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(async () => {
    await testApp.end();
    await pooler?.stop();
  });

  it('in session mode, as Debian installs it, carries gateway, worker and queue', async () => {
    pooler = await startPgBouncer(testApp.database.url, 'session');
    const gateway = await testApp.startGateway({ DATABASE_URL: pooler.url });
    const { client } = gateway;
    await testApp.startWorker({ DATABASE_URL: pooler.url });
    const opened = await client.openRoom('pooled', { wait: 20 });
    expect([opened.status, opened.body.status]).toEqual([201, 'ready']);
    expect((await client.send('GET', '/readyz')).status).toBe(200);
    await gateway.close();
    await testApp.stopWorker();
    await pooler.stop();
  });

  it('in transaction mode is refused at boot, at once', async () => {
    pooler = await startPgBouncer(testApp.database.url, 'transaction');
    await expect(waitForDatabase({ url: pooler.url }, 30_000, () => undefined)).rejects.toThrow(
      /PostgreSQL at 127\.0\.0\.1:\d+: a pooler in transaction mode, behind which LISTEN does not work/,
    );
    await pooler.stop();
  });
});
