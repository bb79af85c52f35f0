import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fingerprint, type RunningSandbox, startCasSandbox } from '../support/cas-sandbox.js';
import { eventually } from '../support/eventually.js';
import { expectReady, metric } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

const BOTH = { body: { products: ['stream', 'sync'] } };

/** Answers 503 and keeps the credentials that it is sent. */
class Listener {
  readonly heard = new Set<string>();
  private readonly server: Server = createServer((request, response) => {
    for (const name of ['auth-api-key', 'auth-api-secret']) this.heard.add(String(request.headers[name]));
    response.writeHead(503).end();
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('two CAS endpoints', () => {
  let deployment: TestDeployment;
  let eu: RunningSandbox;
  let us: RunningSandbox;
  let rooms = 0;

  const entry = (name: string, { url, apiKey, apiSecret }: RunningSandbox) => ({
    ...{ name, url, key: apiKey, secret: apiSecret },
  });
  const configure = (list: object[]) => {
    writeFileSync(join(deployment.directory, 'endpoints'), JSON.stringify(list));
  };

  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'redis', workers: 0, env: { CAS_TIMEOUT_MS: '10000' } });
    eu = deployment.cas;
    us = await startCasSandbox({ latencyMs: 20 });
    configure([entry('eu', eu), entry('us', us)]);
    const env = {
      ...{ CAS_URL: '', CAS_API_KEY: '', CAS_API_SECRET: '' },
      CAS_ENDPOINTS_FILE: join(deployment.directory, 'endpoints'),
    };
    await Promise.all([deployment.startWorker(env), deployment.startWorker(env)]);
  });
  afterEach(async () => {
    await Promise.all([eu.clearFaults(), us.clearFaults()]);
  });
  afterAll(async () => {
    await deployment.end();
    await us.close();
  });

  const open = async () => {
    const { body, status } = await deployment.client().openRoom(`endpoints-${String(rooms++)}`, BOTH);
    expect([200, 201, 202]).toContain(status);
    return body.id;
  };
  const openMany = (count: number) => Promise.all(Array.from({ length: count }, open));
  const issuers = async (ids: readonly string[]) => {
    const rows = await deployment.database.rows<{ name: string; count: number }>(
      'SELECT cas_endpoint AS name, count(*)::int FROM sessions WHERE id = ANY($1) GROUP BY 1 ORDER BY 1',
      [ids],
    );
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  };
  const callsOf = async (cas: RunningSandbox) => (await cas.summary()).total.calls;
  const breaker = (endpoint: string) =>
    Promise.all(deployment.workers.map(({ opsUrl }) => metric(opsUrl, `breaker_state{endpoint="${endpoint}"}`)));
  /** Each endpoint issued exactly the tokens of the sessions that name it. */
  const expectUnmixed = async (ids: readonly string[]) => {
    const tokens = await Promise.all(
      ids.map(async (id) => {
        const { body } = await deployment.client().read(id);
        return Object.values(body.tokens ?? {});
      }),
    );
    const [ofEu, ofUs] = await Promise.all([eu.journal(), us.journal()]).then((journals) =>
      journals.map((calls) => new Set(calls.flatMap((call) => call.tokenFingerprint ?? []))),
    );
    for (const pair of tokens) {
      expect(pair).toHaveLength(2);
      const prints = pair.map((token) => fingerprint(token));
      const isOf = (ledger: Set<string> | undefined) => prints.every((print) => ledger?.has(print));
      expect(isOf(ofEu) || isOf(ofUs)).toBe(true);
    }
  };

  it('are called in order of preference: the second is left alone while the first is well', async () => {
    const ids = await openMany(20);
    await expectReady(deployment, ids);
    expect(await issuers(ids)).toEqual({ eu: 20 });
    expect(await callsOf(us)).toBe(0);
  });

  it('take each other’s place under load, both ways, and no session is lost or has tokens of both', async () => {
    const ids: string[] = [];
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) ids.push(...(await openMany(10)));
    })();
    await eventually(() => {
      expect(ids.length).toBeGreaterThan(30);
    });
    await eu.fault({ kind: 'status', status: 503 });
    await eventually(async () => {
      expect(await breaker('eu')).toEqual([2, 2]);
    });
    const before = ids.length;
    await eventually(() => {
      expect(ids.length).toBeGreaterThan(before + 50);
    });
    const during = ids.slice(before, before + 50);
    await expectReady(deployment, during, 15_000);
    expect(await issuers(during)).toEqual({ us: 50 });

    await eu.clearFaults();
    await eventually(async () => {
      expect(await breaker('eu')).toEqual([0, 0]);
    }, 20_000);
    const after = ids.length;
    await eventually(() => {
      expect(ids.length).toBeGreaterThan(after + 50);
    });
    over.abort();
    await load;
    await expectReady(deployment, ids);
    expect(await issuers(ids.slice(-20))).toEqual({ eu: 20 });
    await expectUnmixed(ids.filter((_, n) => n % 5 === 0));
    const { opsUrl } = deployment.worker;
    const outcome = (name: string) =>
      metric(opsUrl, `cas_request_duration_seconds_count{product="stream",outcome="ok",endpoint="${name}"}`);
    expect(await outcome('eu')).toBeGreaterThan(0);
    expect(await outcome('us')).toBeGreaterThan(0);
  }, 90_000);

  it('share no session: if one fails for a single product, the other issues both, and the timeline tells', async () => {
    await eu.fault({ kind: 'status', status: 503, product: 'sync', times: 1 });
    const id = await open();
    await expectReady(deployment, [id]);
    expect(await issuers([id])).toEqual({ us: 1 });
    await expectUnmixed([id]);
    await expectTimeline(
      deployment.client(),
      id,
      /CAS \(eu\) issued no sync token .*HTTP 503/,
      'CAS (us) issued a',
      'token of us is published',
    );
  });

  it.each([400, 401, 429, 404, 408])('do not replace each other for a %i, which is an answer', async (status) => {
    const before = await callsOf(us);
    await eu.fault({ kind: 'status', status, times: 2 });
    const id = await open();
    const settled = await deployment.client().read(id, { wait: 10 });
    expect(settled.body.status).toBe([429, 408].includes(status) ? 'ready' : 'failed');
    expect(await callsOf(us)).toBe(before);
  });

  it('begin anew elsewhere with a session of which one token is published, if its endpoint fails', async () => {
    await eu.fault({ kind: 'status', status: 429, retryAfter: '2', product: 'sync', times: 1 });
    const id = await open();
    await eventually(async () => {
      expect(await issuers([id])).toEqual({ eu: 1 });
    });
    await eu.fault({ kind: 'status', status: 500 });
    await expectReady(deployment, [id]);
    expect(await issuers([id])).toEqual({ us: 1 });
    await expectUnmixed([id]);
  });

  it('are told their own credentials only, and are replaced without a restart', async () => {
    const listener = new Listener();
    const url = await listener.start();
    try {
      configure([{ name: 'new', url, key: 'key-of-new', secret: 'secret-of-new' }, entry('us', us)]);
      await eventually(async () => {
        await expectReady(deployment, [await open()]);
        expect(listener.heard.size).toBeGreaterThan(0);
      }, 20_000);
      expect([...listener.heard].sort()).toEqual(['key-of-new', 'secret-of-new']);
      configure([entry('eu', eu), entry('us', us)]);
      await eventually(async () => {
        const id = await open();
        await expectReady(deployment, [id]);
        expect(await issuers([id])).toEqual({ eu: 1 });
      }, 20_000);
      const said = deployment.workers.map((worker) => worker.everything()).join('\n');
      expect(said).toContain('CAS endpoints reloaded from their file: new, us');
      for (const secret of ['key-of-new', 'secret-of-new', eu.apiKey, us.apiSecret]) expect(said).not.toContain(secret);
    } finally {
      await listener.stop();
    }
  }, 60_000);
});
