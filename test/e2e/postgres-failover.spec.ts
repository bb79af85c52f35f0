import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { connectDatabase } from '../support/database.js';
import { eventually, repeatedly } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { type Ledger, openRooms } from '../support/load.js';
import { PostgresPair } from '../support/postgres-pair.js';
import { haproxyPath, type RunningHaproxy, startHaproxy } from '../support/proxy-programs.js';
import { expectReady, metric } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

/** Everything has moved by then; on two busy cores, starting from the moment the proxy leads to the new primary. */
const WITHIN_MS = 15_000;
const withHaproxy = haproxyPath() === undefined ? describe.skip : describe;

withHaproxy('a failover of Postgres behind HAProxy, with the queue in Postgres', () => {
  let pair: PostgresPair;
  let proxy: RunningHaproxy;
  let deployment: TestDeployment;
  let stop: AbortController;

  beforeEach(async () => {
    stop = new AbortController();
    pair = await PostgresPair.start();
    const port = await freePort();
    proxy = await startHaproxy(
      [
        'defaults',
        '  mode tcp',
        '  timeout connect 2s',
        '  timeout client 1h',
        '  timeout server 1h',
        'listen postgres',
        `  bind 127.0.0.1:${port}`,
        `  server first 127.0.0.1:${pair.first.port}`,
        `  server second 127.0.0.1:${pair.second.port} disabled`,
      ].join('\n'),
      port,
    );
    const through = new URL(pair.first.url);
    through.port = String(port);
    const env = { DATABASE_URL: through.href, DATABASE_TIMEOUT_MS: '1500' };
    deployment = await TestDeployment.start({ queue: 'postgres', databaseUrl: pair.first.url, env });
  });
  afterEach(async () => {
    stop.abort();
    await deployment.end();
    await proxy.stop();
    await pair.end();
  });

  /** New connections lead to the second server. Those that are open stay where they are. */
  async function moveProxy(): Promise<void> {
    await proxy.command('set server postgres/second state ready');
    await proxy.command('set server postgres/first state maint');
  }

  /** By `fast`, `accepted` and the database's own view: all processes work on the new primary, without a restart. */
  async function expectMoved({ accepted }: Ledger): Promise<void> {
    await eventually(async () => {
      for (const { opsUrl } of [deployment.gateway, deployment.worker])
        expect((await fetch(`${opsUrl}/readyz`)).status).toBe(200);
      expect(await metric(deployment.gateway.opsUrl, 'listen_up')).toBe(1);
      expect(await pair.connectionsTo(pair.first)).toBe(0);
    }, WITHIN_MS);
    // Pending rooms become ready by an event and a job, long before the reread and the sweeper.
    const begin = performance.now();
    expect((await deployment.client().openRoom('after', { wait: 10 })).body.status).toBe('ready');
    expect(performance.now() - begin).toBeLessThan(5000);

    const before = deployment.database;
    deployment.database = connectDatabase(pair.second.url);
    await before.drop();
    await expectReady(deployment, [...accepted], 30_000);
    await expectInvariants(deployment, accepted);
    for (const process of [deployment.gateway, deployment.worker]) expect(process.running).toBe(true);
  }

  const causes = (which: 'gateway' | 'worker') => deployment[which].lines.map(({ msg }) => msg).join('\n');

  it('connections that stay at a demoted server are left within seconds, and nothing that was acknowledged is lost', async () => {
    const load = openRooms(deployment, 4, stop.signal, 'load', 25);
    await eventually(async () => {
      expect((await deployment.client().openRoom('before', { wait: 10 })).body.status).toBe('ready');
    });
    const closed = (await deployment.client().openRoom('closed', { wait: 10 })).body.id;

    expect(await pair.connectionsTo(pair.first)).toBeGreaterThan(5);
    await pair.makeFirstReadOnly();
    await pair.promoteSecond();
    await moveProxy();

    await eventually(async () => {
      expect((await deployment.client().close(closed)).status).toBe(204);
    }, WITHIN_MS);
    // What is served from memory must not outlive the events of the server that it was read from.
    await eventually(async () => {
      expect((await deployment.client().read(closed)).status).toBe(410);
    }, 3000);
    await repeatedly(25, 1000, async () => {
      expect((await deployment.client().read(closed)).status).toBe(410);
    });
    stop.abort();
    await expectMoved(await load);
    for (const which of ['gateway', 'worker'] as const) {
      expect(causes(which)).toMatch(
        /unavailable: PostgreSQL at 127\.0\.0\.1:\d+: the server is read-only \(a standby\) \(25006\)/,
      );
    }
  }, 120_000);

  it('connections to a server that came back as a standby are left as well, once a primary can be reached', async () => {
    const load = openRooms(deployment, 4, stop.signal, 'load', 25);
    await eventually(async () => {
      expect((await deployment.client().openRoom('before', { wait: 10 })).body.status).toBe('ready');
    });

    await pair.stopFirst();
    await pair.promoteSecond();
    await pair.restartFirstAsStandby();
    // The proxy is late: all processes are connected to the standby by now, and say that they cannot work.
    await eventually(async () => {
      for (const { opsUrl } of [deployment.gateway, deployment.worker])
        expect((await fetch(`${opsUrl}/readyz`)).status).toBe(503);
      expect(await pair.connectionsTo(pair.first)).toBeGreaterThan(0);
      expect(causes('gateway')).toContain('the server is read-only (a standby) (25006)');
      expect(causes('worker')).toContain('the server is read-only (a standby) (25006)');
    });
    await moveProxy();
    stop.abort();
    await expectMoved(await load);
    expect(causes('gateway')).toMatch(/the server is starting, stopping or has ended the connection \(57P0\d\)/);
  }, 120_000);
});
