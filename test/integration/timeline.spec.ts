import { PublishingRepository } from '@app/entities';
import { newSessionId, type StoredNote, spellDuration, timelineEntries } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { expectTimeline, timelineOf } from '../support/timelines.js';

let testApp: TestApp;
beforeAll(async () => {
  testApp = await TestApp.open();
});
afterAll(() => testApp.end());

async function ready(room: string): Promise<string> {
  const { body } = await testApp.client.openRoom(room, { wait: 10 });
  expect(body.status).toBe('ready');
  return body.id;
}

/** Appends notes as the statements of the product do, and returns what is stored. */
async function appended(id: string, ...batches: object[][]): Promise<StoredNote[]> {
  await testApp.database.rows('UPDATE sessions SET timeline = NULL WHERE id = $1', [id]);
  for (const notes of batches)
    await testApp.database.rows('UPDATE sessions SET timeline = timeline_append(timeline, $2) WHERE id = $1', [
      id,
      JSON.stringify(notes),
    ]);
  const [row] = await testApp.database.rows<{ timeline: StoredNote[] }>('SELECT timeline FROM sessions WHERE id = $1', [
    id,
  ]);
  return row?.timeline ?? [];
}

describe('the timeline of a session', () => {
  it('tells who asked, how CAS answered, when it was ready, and who read its tokens', async () => {
    const id = await ready('told');
    await expectTimeline(
      testApp.client,
      id,
      /^key:\w+ asked for stream for room told, generation 1\.$/,
      /^In the queue for \d+ ms, until a worker took it\.$/,
      /^CAS \(127\.0\.0\.1:\d+\) issued a stream token after \d+ ms\.$/,
      /^The stream token of 127\.0\.0\.1:\d+ is published, sealed with key k1\.$/,
      /^Ready after \d+ ms, until 20/,
    );
    await expectTimeline(testApp.client, id, /^Tokens read for the first time: 1 in this minute, by key:\w+\.$/);
    const { session, entries, omitted } = await timelineOf(testApp.client, id);
    expect([session.id, session.status, session.tokens, omitted]).toEqual([id, 'ready', undefined, 0]);
    expect(JSON.stringify(entries)).not.toContain('eyJ');
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
  });

  it('tells of a failure, the retry, and the end', async () => {
    await testApp.cas.fault({ kind: 'status', status: 400, times: 1 });
    const { body } = await testApp.client.openRoom('failed', { wait: 10 });
    expect(body.status).toBe('failed');
    expect((await testApp.client.retry(body.id)).status).toBe(202);
    await testApp.client.read(body.id, { wait: 10 });
    await testApp.client.close(body.id);
    await expectTimeline(
      testApp.client,
      body.id,
      /issued no stream token after .*: HTTP 400, CAS rejected the call\.$/,
      'Failed. It will not be retried: The token service rejected the request.',
      ' set it back to pending.',
      'In the queue for',
      'issued a stream token',
      'Ready after',
      ' closed it; its tokens were erased.',
    );
  });

  it('tells both generations of a rotation, and of seats in numbers', async () => {
    const id = await ready('rotated');
    for (const name of ['Anna', 'Ben'])
      await testApp.client.send('POST', `/v1/sessions/${id}/seats`, { body: { name, role: 'viewer' } });
    const next = await testApp.client.rotate(id, { wait: 10 });
    await expectTimeline(testApp.client, id, 'Seats: 2 taken, 0 given up.', `Rotated: ${next.body.id} replaces it.`);
    await expectTimeline(testApp.client, next.body.id, `Opened by a rotation: it replaces ${id}.`);
    expect(JSON.stringify(await timelineOf(testApp.client, id))).not.toContain('Anna');
  });

  it('needs the scope admin, and is 404 for a session that does not exist', async () => {
    const id = await ready('guarded');
    const reader = await testApp.clientWith('sessions:read');
    expect((await reader.send('GET', `/v1/sessions/${id}/timeline`)).status).toBe(403);
    const unknown = await testApp.client.send('GET', '/v1/sessions/ses_0123456789012345678901/timeline');
    expect([unknown.status, unknown.body]).toMatchObject([404, { code: 'not-found' }]);
  });

  it('is printed by `sessions show`, a line for each step', async () => {
    const id = await ready('printed');
    const { code, text } = await runCommand(['sessions', 'show', id], { DATABASE_URL: testApp.database.url });
    expect(code).toBe(0);
    expect(text).toMatch(/time \(UTC\) +after +what happened/);
    expect(text).toMatch(/\d\d:\d\d:\d\d\.\d{3} +\+\d+ ms +Ready after \d+ ms/);
  });
});

describe('the notes of a timeline', () => {
  it('are at most 64: the first and the latest are kept, and the number of the others', async () => {
    const id = await ready('bounded');
    const notes = Array.from({ length: 100 }, (_, n) => ({
      event: 'waiting',
      waitMs: n,
      reason: 'backoff',
      code: null,
    }));
    const stored = await appended(id, notes.slice(0, 1), notes.slice(1));
    expect(stored).toHaveLength(64);
    const waits = stored.map((note) => ('waitMs' in note ? note.waitMs : null));
    expect([waits.slice(0, 12), waits.slice(12)]).toEqual([
      Array.from({ length: 12 }, (_, n) => n),
      Array.from({ length: 52 }, (_, n) => n + 48),
    ]);
    expect(stored.reduce((sum, { omitted = 0 }) => sum + omitted, 0)).toBe(36);
    expect((await timelineOf(testApp.client, id)).omitted).toBe(36);
  });

  it('of one kind that follow each other are one, with the number and the time of the last', async () => {
    const id = await ready('merged');
    const open = { event: 'waiting', waitMs: 5000, reason: 'circuit-open', code: 'cas-unavailable' };
    const attempt = { event: 'attempt', product: 'stream', endpoint: 'cas', agoMs: 40, durationMs: 40, outcome: 'ok' };
    const stored = await appended(id, [open], [open], [{ ...open, waitMs: 7000 }], [attempt], [open]);
    expect(stored).toMatchObject([
      { event: 'waiting', count: 3, waitMs: 7000 },
      { event: 'attempt' },
      { event: 'waiting' },
    ]);
    expect(stored[0]?.until).toBeGreaterThanOrEqual(stored[0]?.at ?? Infinity);
    const seats = await appended(
      id,
      [{ event: 'seats', taken: 2, freed: 0 }],
      [{ event: 'seats', taken: 1, freed: 3 }],
    );
    expect(seats).toMatchObject([{ taken: 3, freed: 3, count: 2 }]);
  });

  it('get the time of the database, and say once which take-over it was', async () => {
    const id = await ready('timed');
    const [{ now } = { now: 0 }] = await testApp.database.rows<{ now: number }>(
      'SELECT (1000 * extract(epoch FROM now()))::float8 AS now',
    );
    const takenOver = { event: 'held', reason: 'taken-over', count: 1 };
    const stored = await appended(id, [takenOver, { event: 'enqueued', agoMs: 60_000 }], [takenOver]);
    expect(stored).toHaveLength(2);
    expect(stored[0]?.at).toBeGreaterThanOrEqual(now - 1000);
    expect((stored[0]?.at ?? 0) - (stored[1]?.at ?? 0)).toBe(60_000);
    expect(stored[1]).not.toHaveProperty('agoMs');
  });

  it('of a publication that is repeated after an uncertain commit are written once', async () => {
    await testApp.cas.fault({ kind: 'hang', times: 1 });
    const { body } = await testApp.client.openRoom('repeated');
    const publishing = testApp.gateway.app.get(PublishingRepository);
    const sealed = {
      product: 'stream',
      sealed: newSessionId(),
      keyId: 'k1',
      expiresAt: new Date(Date.now() + 60_000),
    } as const;
    const attempt = {
      event: 'attempt',
      product: 'stream',
      endpoint: 'cas',
      agoMs: 5,
      durationMs: 5,
      outcome: 'ok',
    } as const;
    for (let call = 0; call < 2; call++)
      await publishing.publish(body.id, { endpoint: 'cas', tokens: [sealed] }, [attempt]);
    const [row] = await testApp.database.rows<{ timeline: StoredNote[] }>(
      'SELECT timeline FROM sessions WHERE id = $1',
      [body.id],
    );
    expect(row?.timeline).toHaveLength(1);
    await testApp.client.close(body.id);
    await testApp.cas.clearFaults();
  });

  it('are written with webhooks’ deliveries beside them', async () => {
    const hook = await testApp.client.send<{ id: string }>('POST', '/v1/webhooks', {
      body: { url: 'https://hooks.invalid/', types: ['session.ready'] },
    });
    const id = await ready('hooked');
    await expectTimeline(testApp.client, id, `Webhook session.ready to ${hook.body.id}`);
    await eventually(async () => {
      const { entries } = await timelineOf(testApp.client, id);
      expect(entries.find(({ event }) => event === 'webhook')).toMatchObject({
        endpoint: hook.body.id,
        outcome: 'no-reply',
      });
    });
    await testApp.client.send('DELETE', `/v1/webhooks/${hook.body.id}`);
  });
});

describe('the steps of a timeline', () => {
  const at = (s: number) => new Date(Date.UTC(2026, 10, 24, 20, 59, s));
  const session = {
    ...{ id: 'ses_1', room: 'derby', generation: 1, products: ['stream' as const], status: 'pending' as const },
    ...{ failureCode: null, createdBy: 'key:a', createdAt: at(0), readyAt: null, expiresAt: null, endedAt: null },
    ...{ reopenedAt: null, deadlineAt: at(900), notBefore: null, dueAt: at(10), casEndpoint: null },
  };
  const nothing = { notes: [], tokens: [], audit: [], deliveries: [] };
  const texts = (sources: Partial<Parameters<typeof timelineEntries>[0]>) =>
    timelineEntries({ session, ...nothing, now: at(30), ...sources }).entries.map(({ text }) => text);

  it('of a session that no worker has taken say so, and when it fails', () => {
    expect(texts({})).toEqual([
      'key:a asked for stream for room derby, generation 1.',
      'In the queue for 30 s; no worker has finished a run of it yet: none is running or free, or the queue is paused or unavailable.',
      'Still pending. A worker may run it at any time; it fails if it is not ready in 14 min 30 s.',
    ]);
  });

  it('of a session whose deadline has passed say so before the sweeper has moved the row', () => {
    expect(texts({ session: { ...session, status: 'failed', deadlineAt: at(20) } }).at(-1)).toBe(
      'Failed. Its deadline passed; last failure: No token could be obtained before the deadline.',
    );
  });

  it('spell durations for people', () => {
    expect([0, 12.4, 1234, 9999, 59_400, 65_000, 12_000_000].map(spellDuration)).toEqual([
      '0 ms',
      '12 ms',
      '1.2 s',
      '10 s',
      '59 s',
      '1 min 5 s',
      '3 h 20 min',
    ]);
  });
});
