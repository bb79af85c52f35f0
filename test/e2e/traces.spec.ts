import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AdmissionService } from '../support/admission-service.js';
import { eventually } from '../support/eventually.js';
import { rawQueue } from '../support/queue.js';
import { expectNoJobs } from '../support/sessions.js';
import { describeOn, QUEUES } from '../support/test-app.js';
import { TestDeployment } from '../support/test-deployment.js';
import { type Span, TraceReceiver, treeOf } from '../support/trace-receiver.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook } from '../support/webhooks.js';

/** A trace that a client has begun, and the header that says so. */
function begun(sampled = true) {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-0${Number(sampled)}` } };
}

for (const queue of QUEUES) {
  describeOn(queue)(`traces, with the queue in ${queue}`, () => {
    let deployment: TestDeployment;
    let receiver: TraceReceiver;
    let webhooks: WebhookReceiver;
    let admission: AdmissionService;
    beforeAll(async () => {
      [receiver, webhooks, admission] = await Promise.all([
        TraceReceiver.start(),
        WebhookReceiver.start(),
        AdmissionService.start(),
      ]);
      deployment = await TestDeployment.start({
        queue,
        env: {
          ...receiver.env,
          OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20canary',
          WEBHOOK_ALLOW: '127.0.0.1',
          ...admission.env,
        },
      });
    });
    afterAll(async () => {
      await deployment.end();
      await Promise.all([receiver.close(), webhooks.close(), admission.close()]);
    });

    /** The spans of a trace, once `last` is among them. */
    const spansOf = (traceId: string, last: string): Promise<Span[]> =>
      eventually(() => {
        const spans = receiver.trace(traceId);
        expect(spans.map(({ name }) => name)).toContain(last);
        return spans;
      });

    it('show one request as one tree, from the caller to the publication of its token', async () => {
      const { traceId, spanId, headers } = begun();
      const reply = await deployment.client().openRoom('one tree', { wait: 20, headers });
      expect(reply.status).toBe(201);
      await spansOf(traceId, 'mint-tokens process');
      const spans = await spansOf(traceId, 'PUT /v1/rooms/:room/session');
      const tree = treeOf(spans, spanId);
      expect(Object.keys(tree)).toEqual(['PUT /v1/rooms/:room/session']);
      expect(tree['PUT /v1/rooms/:room/session']).toMatchObject({
        'admission ask': {},
        'INSERT sessions': {},
        'mint-tokens send': {
          'mint-tokens process': {
            'CAS mint': {},
            'publish tokens': { transaction: { 'INSERT session_tokens': {} } },
          },
        },
      });
      // Nothing hangs in the air.
      const ids = new Set([spanId, ...spans.map(({ id }) => id)]);
      expect(spans.filter(({ parent }) => parent === undefined || !ids.has(parent))).toEqual([]);
      const byName = new Map(spans.map((span) => [span.name, span]));
      expect(byName.get('PUT /v1/rooms/:room/session')).toMatchObject({
        service: 'watchtogether-gateway',
        attributes: {
          'http.request.method': 'PUT',
          'http.route': '/v1/rooms/:room/session',
          'http.response.status_code': 201,
          'watchtogether.session.id': reply.body.id,
        },
      });
      expect(byName.get('mint-tokens process')).toMatchObject({
        service: 'watchtogether-worker',
        attributes: { 'watchtogether.session.id': reply.body.id, 'watchtogether.outcome': 'done' },
      });
      expect(byName.get('CAS mint')?.attributes).toEqual({
        'watchtogether.product': 'stream',
        'watchtogether.cas.endpoint': new URL(deployment.cas.url).host,
      });
    });

    it('are linked to by the delivery of a webhook, which is a trace of its own', async () => {
      await createWebhook(deployment.client(), webhooks);
      const { traceId, headers } = begun();
      await deployment.client().openRoom('webhook', { wait: 20, headers });
      const delivery = await eventually(() => {
        const found = receiver.spans.find(
          ({ name, links }) => name === 'webhook deliver' && links.some((link) => link.traceId === traceId),
        );
        expect(found).toBeDefined();
        return found;
      });
      expect(delivery).toMatchObject({
        parent: undefined,
        attributes: {
          'watchtogether.webhook.type': 'session.ready',
          'watchtogether.outcome': 'delivered',
          'http.response.status_code': 204,
        },
      });
      expect(delivery?.traceId).not.toBe(traceId);
      await eventually(() => {
        const ids = receiver.trace(traceId).map(({ id }) => id);
        expect(delivery?.links.filter(({ spanId }) => !ids.includes(spanId))).toEqual([]);
      });
    });

    it('of requests that share a statement are linked to it', async () => {
      const all = Array.from({ length: 40 }, () => begun());
      await Promise.all(
        all.map(({ headers }, n) => deployment.client().openRoom(`shared ${n}`, { wait: 20, headers })),
      );
      const batches = await eventually(() => {
        const found = receiver.spans.filter(({ name }) => name === 'batch');
        expect(found.some(({ id }) => treeOf(receiver.spans, id)['INSERT sessions'] !== undefined)).toBe(true);
        return found;
      });
      const inserts = batches.filter(({ id }) => treeOf(receiver.spans, id)['INSERT sessions'] !== undefined);
      for (const { links, attributes, parent } of inserts) {
        expect(links).toHaveLength(Number(attributes['watchtogether.batch.size']));
        expect(links.map(({ spanId }) => spanId)).toContain(parent);
      }
      await eventually(() => {
        for (const { id, traceId, links } of inserts) {
          for (const link of links) {
            if (link.traceId === traceId) continue;
            const request = receiver.trace(link.traceId).find((span) => span.id === link.spanId);
            expect(request?.links.map(({ spanId }) => spanId)).toContain(id);
          }
        }
      });
    });

    it('of a job that was lost and enqueued again are linked to that of the request', async () => {
      await deployment.worker.terminate();
      const { traceId, headers } = begun();
      const { body } = await deployment.client().openRoom('lost', { headers });
      await spansOf(traceId, 'mint-tokens send');
      const jobs = rawQueue(deployment);
      await jobs.obliterate({ force: true });
      await jobs.close();
      await deployment.database.rows('UPDATE sessions SET due_at = now() WHERE id = $1', [body.id]);
      await deployment.startWorker();
      const run = await eventually(() => {
        const found = receiver.spans.find(
          ({ name, attributes }) =>
            name === 'mint-tokens process' && attributes['watchtogether.session.id'] === body.id,
        );
        expect(found).toBeDefined();
        return found;
      });
      expect(run).toMatchObject({ parent: undefined, links: [expect.objectContaining({ traceId })] });
      expect(run?.traceId).not.toBe(traceId);
    });

    it('of failed calls name the code, and nothing else', async () => {
      await deployment.cas.fault({ kind: 'status', status: 503, echo: true, times: 1 });
      const { traceId, headers } = begun();
      await deployment.client().openRoom('failed', { wait: 20, headers });
      const failed = await eventually(() => {
        const found = receiver.trace(traceId).filter(({ name }) => name === 'CAS mint');
        expect(found).toHaveLength(2);
        return found.find(({ failed: one }) => one);
      });
      expect(failed?.attributes).toMatchObject({ 'watchtogether.product': 'stream', 'error.type': 'cas-unavailable' });
      expect(failed?.events).toEqual([]);
      // Both attempts are in the tree of the request.
      await eventually(() => {
        const sent = receiver.trace(traceId).find(({ name }) => name === 'mint-tokens send');
        expect(sent).toBeDefined();
        const runs = Object.keys(treeOf(receiver.trace(traceId), sent?.id));
        expect(runs).toEqual(['mint-tokens process', 'mint-tokens process #2']);
      });
    });

    it('show reads that are served from memory too', async () => {
      const { body } = await deployment.client().openRoom('cached', { wait: 20 });
      const { traceId, spanId, headers } = begun();
      await deployment.client().read(body.id);
      await eventually(async () => {
        await deployment.client().read(body.id, { headers });
        const alone = receiver
          .trace(traceId)
          .filter(({ id, parent }) => parent === spanId && Object.keys(treeOf(receiver.spans, id)).length === 0);
        expect(alone[0]?.attributes).toMatchObject({
          'http.route': '/v1/sessions/:tokenId',
          'http.response.status_code': 200,
          'watchtogether.session.id': body.id,
        });
      });
    });

    it('are in log lines of both processes', async () => {
      const { traceId, headers } = begun();
      await deployment.client().openRoom('logged', { wait: 20, headers });
      await eventually(() => {
        for (const { lines } of [deployment.gateway, deployment.worker]) {
          const messages = lines.filter((line) => line.trace_id === traceId).map(({ msg }) => msg);
          expect(messages).toContain(lines === deployment.gateway.lines ? 'request' : 'session is ready');
        }
      });
    });

    it('are not recorded if the caller says so, in either process, nor of health checks', async () => {
      const quiet = begun(false);
      expect((await deployment.client().send('GET', '/readyz', { headers: begun().headers })).status).toBe(200);
      await deployment.client().openRoom('quiet', { wait: 20, headers: quiet.headers });
      const { traceId, headers } = begun();
      await deployment.client().openRoom('after it', { wait: 20, headers });
      await spansOf(traceId, 'mint-tokens process');
      expect(receiver.trace(quiet.traceId)).toEqual([]);
      expect(receiver.spans.map(({ name }) => name)).not.toContain('GET /readyz');
      const linked = receiver.spans.flatMap(({ links }) => links.map((link) => link.traceId));
      expect(linked).not.toContain(quiet.traceId);
    });

    it('begin here if the header is not valid', async () => {
      const { traceId } = begun();
      for (const traceparent of [`00-${traceId}-0000000000000000-01`, `ff-${traceId}-0123456789abcdef-01`, traceId]) {
        const { body } = await deployment.client().openRoom(`invalid ${randomBytes(4).toString('hex')}`, {
          wait: 20,
          headers: { traceparent, tracestate: 'canary=canary' },
        });
        await eventually(() => {
          const own = receiver.spans.find(
            ({ service, attributes }) =>
              service === 'watchtogether-gateway' &&
              attributes['watchtogether.session.id'] === body.id &&
              attributes['http.route'] !== undefined,
          );
          expect(own).toBeDefined();
          expect(own?.parent).toBeUndefined();
          expect(own?.traceId).not.toBe(traceId);
        });
      }
      expect(receiver.texts.join()).not.toContain('canary');
    });

    it('reach the customer’s admission service, and no receiver of webhooks', async () => {
      const { traceId, headers } = begun();
      admission.reset();
      await deployment.client().openRoom('propagated', { wait: 20, headers });
      expect(admission.headers.map(({ traceparent }) => String(traceparent).split('-')[1])).toContain(traceId);
      await eventually(() => {
        expect(webhooks.received.length).toBeGreaterThan(0);
      });
      expect(webhooks.received.filter((request) => request.headers.traceparent !== undefined)).toEqual([]);
    });

    it('that cannot be sent cost one line in the log, and no request', async () => {
      receiver.status = 503;
      receiver.reply = ({ headers, text }) => JSON.stringify(headers) + text;
      const line = 'receiver of traces unavailable: spans are dropped until it accepts them';
      await eventually(async () => {
        expect((await deployment.client().openRoom(`refused ${randomBytes(4).toString('hex')}`)).status).toBeLessThan(
          300,
        );
        expect(deployment.gateway.lines.map(({ msg }) => msg)).toContain(line);
      });
      const before = receiver.headers.length;
      await eventually(async () => {
        await deployment.client().readRoom('refused');
        expect(receiver.headers.length).toBeGreaterThan(before + 3);
      });
      expect(deployment.gateway.lines.filter(({ msg }) => msg === line)).toEqual([
        expect.objectContaining({ level: 40, reason: 'it answered with status 503' }),
      ]);
      receiver.status = 200;
      await eventually(async () => {
        await deployment.client().readRoom('refused');
        expect(deployment.gateway.lines.map(({ msg }) => msg)).toContain('receiver of traces available again');
      });
      expect(new Set(receiver.headers.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer canary']));
    });

    it('are sent to the last one when a process stops, and a receiver that hangs does not keep it', async () => {
      const { traceId, headers } = begun();
      const { body } = await deployment.client().openRoom('last', { wait: 20 });
      await deployment.client().readRoom('nothing', { headers });
      const exit = await deployment.gateway.terminate();
      expect(exit.code).toBe(0);
      expect(receiver.trace(traceId).map(({ name }) => name)).toContain('GET /v1/rooms/:room/session');
      receiver.status = 0;
      const queue = rawQueue(deployment);
      await queue.add('mint-tokens', { sessionId: body.id }, { jobId: `again-${body.id}` });
      await expectNoJobs(deployment);
      await queue.close();
      const started = performance.now();
      expect((await deployment.worker.terminate()).code).toBe(0);
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(receiver.hanging).toBeGreaterThan(0);
    });
  });
}
