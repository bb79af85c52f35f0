import { sleep } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdmissionService } from '../support/admission-service.js';
import { faster, panelQueries, runbookQueries } from '../support/alarms.js';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { prometheusPath, PrometheusServer } from '../support/prometheus.js';
import { TestDeployment } from '../support/test-deployment.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook } from '../support/webhooks.js';

/** How much faster than in production time passes: a minute is 2 s, a scrape every 0.5 s. */
const FACTOR = 30;
/** Longest `for` and range of what is tested here, in s, and the slack of a busy machine. */
const FIRES_WITHIN_MS = 60_000;
const CLEARS_WITHIN_MS = 90_000;

const withPrometheus = prometheusPath() === undefined ? describe.skip : describe;

withPrometheus('a real Prometheus beside real processes', () => {
  let deployment: TestDeployment;
  let prometheus: PrometheusServer;
  let provider: IdentityProvider;
  let admission: AdmissionService;
  let receiver: WebhookReceiver;
  let traffic: Traffic;

  const targets = () => ({ gateway: [deployment.gateway.opsUrl], worker: [deployment.worker.opsUrl] });
  const fire = (...names: string[]) =>
    eventually(async () => {
      expect(await prometheus.firing()).toEqual(expect.arrayContaining(names));
    }, FIRES_WITHIN_MS);
  const clear = (...names: string[]) =>
    eventually(async () => {
      const known = (await prometheus.alarms()).map(({ name }) => name);
      expect(known.filter((name) => names.includes(name))).toEqual([]);
    }, CLEARS_WITHIN_MS);

  beforeAll(async () => {
    [provider, admission, receiver] = await Promise.all([
      IdentityProvider.start(),
      AdmissionService.start(),
      WebhookReceiver.start(),
    ]);
    deployment = await TestDeployment.start({
      queue: 'postgres',
      ownPostgres: true,
      env: {
        OIDC_ISSUER: provider.issuer,
        OIDC_AUDIENCE: 'watch',
        ...admission.env,
        WEBHOOK_ALLOW: '127.0.0.1',
        // As in production: while the database is away, no scrape waits for longer than it may take.
        DATABASE_TIMEOUT_MS: '1000',
      },
    });
    await createWebhook(deployment.client(), receiver);
    const plan = { targets: [{ products: ['sync'], target: 3 }], schedule: [] };
    await deployment.client().send('PUT', '/v1/pool', { body: plan });
    prometheus = await PrometheusServer.start(FACTOR, targets());
    traffic = new Traffic(deployment);
  }, 120_000);
  afterAll(async () => {
    await traffic.end();
    EventReader.leaveAll();
    await prometheus.end();
    await deployment.end();
    await Promise.all([provider.close(), admission.close(), receiver.close()]);
  }, 60_000);

  it('has data for every query of the dashboard', async () => {
    const range = faster('5m', FACTOR);
    const empty = async () => {
      const results = await Promise.all(
        panelQueries.map(async ({ panel, expr }) => {
          const series = await prometheus.query(expr.replaceAll('$__rate_interval', range));
          return series.some(({ value }) => Number.isFinite(value)) ? [] : [`${panel}: ${expr}`];
        }),
      );
      return results.flat();
    };
    await eventually(async () => {
      expect(await empty()).toEqual([]);
    }, FIRES_WITHIN_MS);
  }, 90_000);

  it('understands every query of the runbook', async () => {
    for (const query of runbookQueries) expect(await prometheus.query(query)).toBeDefined();
  });

  it('rings nothing while all is well', async () => {
    await eventually(async () => {
      expect(await prometheus.alarms()).toEqual([]);
    }, CLEARS_WITHIN_MS);
  }, 120_000);

  it('rings while CAS answers 503, and stops when it is back', async () => {
    await deployment.cas.fault({ kind: 'status', status: 503 });
    await fire('CasBreakerOpen', 'CasErrors');
    await deployment.cas.clearFaults();
    await clear('CasBreakerOpen', 'CasErrors', 'OldestPending');
  }, 180_000);

  it('rings when CAS rejects the credentials, and stops when none has been rejected for a while', async () => {
    await deployment.cas.fault({ kind: 'status', status: 401 });
    await fire('CasCredentialsRejected');
    await deployment.cas.clearFaults();
    await clear('CasCredentialsRejected', 'CasErrors');
  }, 180_000);

  it('rings when the last worker is killed, and stops when another one is up', async () => {
    await deployment.worker.kill9();
    await fire('NoWorker', 'ProcessDown');
    expect((await prometheus.alarms()).find(({ name }) => name === 'ProcessDown')?.labels).toMatchObject({
      job: 'worker',
      instance: new URL(deployment.worker.opsUrl).host,
    });
    await deployment.startWorker();
    prometheus.scrape(targets());
    await clear('NoWorker', 'ProcessDown');
  }, 180_000);

  it('rings while Postgres is away, and stops when it is back, without a restart', async () => {
    await deployment.stopPostgres('fast');
    await fire('DependencyDown', 'HighErrorRate', 'ListenDown');
    await eventually(async () => {
      const parts = (await prometheus.alarms()).filter(({ name }) => name === 'DependencyDown');
      // The queue is in Postgres as well.
      expect(parts.map(({ labels }) => `${String(labels.job)} ${String(labels.part)}`).sort()).toEqual([
        'gateway database',
        'worker database',
        'worker queue',
      ]);
    });
    await deployment.restartPostgres();
    await clear('DependencyDown', 'HighErrorRate', 'ListenDown', 'MaintenanceFailing');
  }, 240_000);

  it('rings nothing in the end', async () => {
    await eventually(async () => {
      expect(await prometheus.alarms()).toEqual([]);
    }, CLEARS_WITHIN_MS);
  }, 120_000);
});

/** What clients do all the time: they open rooms and wait, read, follow, close, and are refused. */
class Traffic {
  private running = true;
  private opened = 0;
  private readonly loops: Promise<void>[];

  constructor(private readonly deployment: TestDeployment) {
    this.loops = [this.repeat(() => this.session()), this.repeat(() => this.refusal())];
  }

  async end(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  private async session(): Promise<void> {
    const client = this.deployment.client();
    const n = this.opened++;
    const room = `room-${String(n)}`;
    const { body, status } = await client.openRoom(room, { wait: 1, body: { products: ['stream', 'sync'] } });
    if (status >= 300) return;
    await client.read(body.id);
    if (n % 10 === 0) await EventReader.open(client, body.id);
    if (n % 2 === 1) await client.close(body.id);
  }

  private async refusal(): Promise<void> {
    await this.deployment.client().send('GET', '/v1/sessions', { headers: { authorization: 'Bearer wrong' } });
  }

  private async repeat(work: () => Promise<void>): Promise<void> {
    while (this.running) {
      await work().catch(() => undefined);
      await sleep(100);
    }
  }
}
