import { randomBytes } from 'node:crypto';
import { sleep } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { Process } from '../support/process.js';
import { metric } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe('rotating the sealing key', () => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'postgres' });
  });
  afterAll(() => deployment.end());

  it('keeps old tokens readable while new ones are sealed with the new key', async () => {
    const next = `k2:${randomBytes(32).toString('base64')}`;
    const before = await deployment.client().openRoom('before', { wait: 10 });
    // First rollout: every process can open the new key, none seals with it.
    await deployment.startGateway({ TOKEN_ENCRYPTION_KEYS: `${deployment.sealingKeys},${next}` });
    // Second rollout, the worker first: it seals with the new key, while an old gateway is still there.
    await deployment.worker.end();
    await deployment.startWorker({ TOKEN_ENCRYPTION_KEYS: `${next},${deployment.sealingKeys}` });
    const after = await deployment.client().openRoom('after', { wait: 10 });
    expect(after.status).toBe(201);
    const keys = await deployment.database.rows('SELECT key_id FROM session_tokens ORDER BY key_id');
    expect(keys).toEqual([{ key_id: 'k1' }, { key_id: 'k2' }]);
    expect((await deployment.client().read(before.body.id)).body.tokens).toEqual(before.body.tokens);

    // A gateway that was left out of the first rollout says so, and the row stays.
    const lagging = deployment.client(0);
    const refused = await lagging.read(after.body.id);
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'unavailable' });
    await expectTimeline(lagging, after.body.id, 'is published, sealed with key k2.');
    expect(await metric(deployment.gateways[0]?.opsUrl ?? '', 'unknown_sealing_keys_total')).toBe(1);
    expect((await lagging.read(before.body.id)).body.tokens).toEqual(before.body.tokens);
    expect((await deployment.client().read(after.body.id)).body.tokens).toEqual(after.body.tokens);
  });
});

describe('the whole rotation, under reads', () => {
  const [OLD, NEW] = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`) as [string, string];
  const tokens = new Map<string, unknown>();
  const closed = new Set<string>();
  /** The clients of the two gateways that serve at the moment, and how often each was asked. */
  const serving: Client[] = [];
  const reads = [0, 0];
  const wrong: unknown[] = [];
  let deployment: TestDeployment;
  let over = false;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 2, env: { TOKEN_ENCRYPTION_KEYS: OLD } });
    serving.push(deployment.client(0), deployment.client(1));
  });
  afterAll(async () => {
    over = true;
    await deployment.end();
  });

  async function open(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const { body } = await deployment.client().openRoom(`room ${tokens.size}`, { wait: 20 });
      expect(body.tokens?.stream).toBeDefined();
      tokens.set(body.id, body.tokens);
    }
  }

  /** Reads one session after the other from one gateway, whichever that is, for as long as the test runs. */
  async function readOn(n: number): Promise<void> {
    while (!over) {
      for (const [id, expected] of tokens) {
        if (closed.has(id)) continue;
        const reply = await serving[n]
          ?.read(id)
          .catch((error: unknown) => ({ status: String(error), body: undefined }));
        const same = reply?.status === 200 && JSON.stringify(reply.body?.tokens) === JSON.stringify(expected);
        if (!same && !closed.has(id)) wrong.push([n, id, reply?.status, reply?.body]);
        reads[n] = (reads[n] ?? 0) + 1;
        await sleep(20);
      }
    }
  }

  async function oneMoreRead(n: number): Promise<void> {
    const before = reads[n] ?? 0;
    await eventually(() => {
      expect(reads[n]).toBeGreaterThan(before + 1);
    });
  }

  /** New processes beside the old ones, then the old ones go, once they receive no requests. A worker only seals. */
  async function rollOut(ring: string, { worker } = { worker: false }): Promise<void> {
    const env = { TOKEN_ENCRYPTION_KEYS: ring };
    const old = [...deployment.gateways.slice(-2), ...(worker ? [deployment.worker] : [])];
    await Promise.all([
      deployment.startGateway(env),
      deployment.startGateway(env),
      ...(worker ? [deployment.startWorker(env)] : []),
    ]);
    serving.splice(0, 2, ...deployment.clients.slice(-2));
    await Promise.all([oneMoreRead(0), oneMoreRead(1)]);
    await Promise.all(old.map((process) => process.end()));
  }

  const keysInUse = () =>
    deployment.database.rows('SELECT DISTINCT key_id FROM session_tokens WHERE sealed IS NOT NULL ORDER BY key_id');

  it('hands out the same token at every read, to its end', async () => {
    await open(6);
    const readers = [readOn(0), readOn(1)];

    await rollOut(`${OLD},${NEW}`);
    await open(3);
    expect(await keysInUse()).toEqual([{ key_id: 'k1' }]);

    await rollOut(`${NEW},${OLD}`, { worker: true });
    await open(3);
    expect(await keysInUse()).toEqual([{ key_id: 'k1' }, { key_id: 'k2' }]);

    const env = deployment.environment({ TOKEN_ENCRYPTION_KEYS: `${NEW},${OLD}` });
    const resealing = new Process('cli', env, ['reseal']);
    for (const id of [...tokens.keys()].slice(0, 3)) {
      closed.add(id);
      expect((await deployment.client().close(id)).status).toBe(204);
      await oneMoreRead(0);
    }
    expect((await resealing.exited).code).toBe(0);
    expect(await keysInUse()).toEqual([{ key_id: 'k2' }]);
    const erased = await deployment.database.rows(
      'SELECT session_id FROM session_tokens WHERE session_id = ANY($1) AND sealed IS NULL',
      [[...closed]],
    );
    expect(erased).toHaveLength(3);

    await rollOut(NEW);
    await open(1);
    await Promise.all([oneMoreRead(0), oneMoreRead(1)]);
    for (const [id, expected] of tokens) {
      if (!closed.has(id)) expect((await deployment.client().read(id)).body.tokens).toEqual(expected);
    }
    over = true;
    await Promise.all(readers);
    expect(wrong).toEqual([]);
  }, 240_000);
});
