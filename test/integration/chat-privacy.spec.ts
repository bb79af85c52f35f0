import { randomBytes } from 'node:crypto';
import { SubjectsRepository } from '@app/entities';
import { Metrics } from '@app/observability';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Canaries, databaseDump, redisDump } from '../support/canary.js';
import { chatOf } from '../support/chat.js';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { describeOn, QUEUES, TestApp } from '../support/test-app.js';

for (const queue of QUEUES) {
  describeOn(queue)(`the subjects of chat tokens, with the queue in ${queue}`, () => {
    const canaries = new Canaries();
    const newSubject = () => `canary subject ${randomBytes(12).toString('hex')} \u00eb`;
    const [vouched, own, unlucky, hasty] = [newSubject(), newSubject(), newSubject(), newSubject()];
    let testApp: TestApp;
    let worker: INestApplicationContext;
    let provider: IdentityProvider;

    beforeAll(async () => {
      for (const subject of [vouched, own, unlucky, hasty]) canaries.plant('a subject', subject, subject.slice(0, -2));
      provider = await IdentityProvider.start();
      testApp = await TestApp.open({
        queue,
        worker: false,
        env: { LOG_LEVEL: 'trace', OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch' },
      });
      worker = await testApp.startWorker();
    });
    afterAll(async () => {
      await testApp.end();
      await provider.close();
    });

    /** Where a subject was found that is not in its place: the column of its row, and the user among the actors. */
    async function found(): Promise<string[]> {
      const metrics = await Promise.all(
        [testApp.gateway.app, worker].map((app) => app.get(Metrics, { strict: false }).registry.metrics()),
      );
      const database = (await databaseDump(testApp.database))
        .split('\n')
        .filter((row) => !row.includes('cht_') && !row.includes('user:'));
      const { TEST_REDIS_URL } = process.env;
      const places: [string, string][] = [
        ['the log', testApp.log.map((line) => JSON.stringify(line)).join('\n')],
        ['the metrics', metrics.join('\n')],
        ['the journal of CAS', JSON.stringify(await testApp.cas.journal())],
        ['the database', database.join('\n')],
        ...(queue === 'redis' ? [['Redis', await redisDump(String(TEST_REDIS_URL))] as [string, string]] : []),
      ];
      return places.filter(([, text]) => canaries.in(text).includes('a subject')).map(([place]) => place);
    }

    it('are nowhere else, whatever becomes of the token', async () => {
      const chat = chatOf(testApp.client);
      const token = await provider.token(own, { claims: { scope: 'chat:mint' } });
      const anna = chatOf(testApp.newClient(testApp.url, token));
      expect((await chat.put(vouched, { wait: 20 })).status).toBe(201);
      expect((await anna.put('me', { wait: 20 })).status).toBe(201);
      // Waits, retries, failures of every kind, and a job that is there while the stores are searched.
      await testApp.cas.fault({ kind: 'status', status: 503, product: 'chat', times: 1, echo: true });
      await testApp.cas.fault({ kind: 'reset', product: 'chat', times: 1 });
      await testApp.cas.fault({ kind: 'redirect', location: 'http://127.0.0.1:9/', product: 'chat', times: 1 });
      expect((await chat.put(unlucky, { wait: 25 })).status).toBe(201);
      await testApp.cas.fault({ kind: 'hang', product: 'chat', times: 1 });
      const waiting = chat.put(hasty, { wait: 25 });
      await eventually(async () => {
        expect(await testApp.cas.held()).toBe(1);
      });
      expect(await found()).toEqual([]);
      await testApp.cas.clearFaults();
      await waiting;
      await testApp.cas.fault({ kind: 'status', status: 403, product: 'chat', times: 1 });
      await chat.end(hasty);
      expect((await chat.put(hasty, { wait: 20 })).body.failure?.code).toBe('cas-credentials-rejected');
      expect(await found()).toEqual([]);
    }, 60_000);

    it('are not repeated by problem documents', async () => {
      const path = `/v1/chat-tokens/${encodeURIComponent(vouched)}`;
      const narrow = await testApp.clientWith('tokens:read');
      const replies = [
        await narrow.send('PUT', path),
        await testApp.newClient(testApp.url, null).send('PUT', path),
        await testApp.client.send('PUT', `${path}%00`),
        await testApp.client.send('PUT', `${path}%zz`),
        await testApp.client.send('PUT', `${path}/x`),
        await testApp.client.send('PUT', `${path}/`),
        await testApp.client.send('POST', path),
        await testApp.client.send('PUT', path, { body: '{' }),
        await testApp.client.send('PUT', path, { body: { x: 1 } }),
        await testApp.client.send('PUT', `${path}${'x'.repeat(3000)}`),
        await testApp.client.send('GET', `${path}%20`),
      ];
      for (const { status, text } of replies) {
        expect(status).toBeGreaterThanOrEqual(400);
        expect(canaries.in(text)).toEqual([]);
      }
      expect(await found()).toEqual([]);
    });

    it('are not printed by commands, which show and end their tokens by id', async () => {
      const [row] = await testApp.database.rows<{ id: string }>('SELECT id FROM sessions WHERE chat_subject = $1', [
        vouched,
      ]);
      const id = String(row?.id);
      const env = { DATABASE_URL: testApp.database.url, TOKEN_ENCRYPTION_KEYS: testApp.sealingKeys };
      const runs = [
        await runCommand(['sessions', 'list'], env),
        await runCommand(['sessions', 'show', id], env),
        await runCommand(['sessions', 'close', id], env),
      ];
      for (const { code, text } of runs) {
        expect([code, text.includes(id) || text.includes('is closed')]).toEqual([0, true]);
        expect(canaries.in(text)).toEqual([]);
      }
      expect((await chatOf(testApp.client).get(vouched)).status).toBe(404);
    }, 60_000);

    it('and their tokens go when the user is erased, live and ended ones, of this user alone', async () => {
      const subjects = testApp.gateway.app.get(SubjectsRepository, { strict: false });
      const chat = chatOf(testApp.client);
      expect((await chat.put(vouched, { wait: 20 })).status).toBe(201);
      expect(await subjects.erase(vouched, null)).toMatchObject({ chatTokens: 2 });
      expect(await subjects.erase(own, provider.issuer)).toMatchObject({ chatTokens: 1 });
      expect(await subjects.erase(own, provider.issuer)).toMatchObject({ chatTokens: 0, sessions: 0 });
      const dump = await databaseDump(testApp.database);
      expect([dump.includes(vouched), dump.includes(own), dump.includes(unlucky)]).toEqual([false, false, true]);
      expect((await chat.get(unlucky)).body.status).toBe('ready');
      expect((await chat.put(vouched, { wait: 20 })).status).toBe(201);
    });
  });
}
