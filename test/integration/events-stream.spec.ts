import { connect } from 'node:net';
import { encodeSessionEvents, SESSION_EVENTS_CHANNEL } from '@app/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SseHub } from '../../apps/gateway/src/sse/sse-hub.js';
import type { Client } from '../support/client.js';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { TestApp, type RunningGateway } from '../support/test-app.js';

let testApp: TestApp;
let client: Client;
let other: RunningGateway;
beforeAll(async () => {
  testApp = await TestApp.open({ env: { STREAM_HEARTBEAT_S: '1' } });
  client = testApp.client;
  other = await testApp.startGateway();
});
afterAll(() => testApp.end());
afterEach(async () => {
  EventReader.leaveAll();
  await testApp.cas.clearFaults();
});

const expectStates = (reader: EventReader, states: string[]) =>
  eventually(() => {
    expect(reader.states).toEqual(states);
  });
const expectEnd = (reader: EventReader, ms = 5000) =>
  eventually(() => {
    expect(reader.ended).toBe(true);
  }, ms);

describe('a stream', () => {
  it('tells the state now and the next ones, on whichever gateway, and never a token', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await client.openRoom('follow', { body: { metadata: { match: 'derby' } } });
    const reader = await EventReader.open(other.client, body.id);
    expect(reader.response.status).toBe(200);
    expect(Object.fromEntries(reader.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'request-id': expect.stringMatching(/^req_/),
    });
    await expectStates(reader, ['pending']);
    expect(reader.events[0]).toEqual({ id: '1', event: 'session', data: body });
    await testApp.cas.clearFaults();
    await expectStates(reader, ['pending', 'ready']);
    const { tokens, ...ready } = (await client.read(body.id)).body;
    expect(tokens).toBeDefined();
    expect(reader.events[1]).toEqual({ id: '2', event: 'session', data: ready });
    expect(reader.text).not.toContain('eyJ0eXAi');
    expect(reader.ended).toBe(false);
  });

  it('leaves out what its reader has seen', async () => {
    const { body } = await client.create({ wait: 10 });
    const reader = await EventReader.open(client, body.id, { 'last-event-id': String(body.version) });
    const behind = await EventReader.open(client, body.id, { 'last-event-id': '1' });
    await expectStates(behind, ['ready']);
    await eventually(() => {
      expect(reader.text).toContain(':\n\n');
    });
    expect(reader.events).toEqual([]);
  });

  it('ends after the session was closed, and says so last', async () => {
    const { body } = await client.create({ wait: 10 });
    const reader = await EventReader.open(other.client, body.id);
    await expectStates(reader, ['ready']);
    await client.close(body.id);
    await expectStates(reader, ['ready', 'closed']);
    await expectEnd(reader);
  });

  it('ends when the clock has ended the session, without an event', async () => {
    const { body } = await client.create({ wait: 10 });
    const reader = await EventReader.open(client, body.id);
    await expectStates(reader, ['ready']);
    await testApp.database.rows('UPDATE sessions SET expires_at = now() WHERE id = $1', [body.id]);
    await expectStates(reader, ['ready', 'expired']);
    await expectEnd(reader);
  });

  it('beats while nothing happens', async () => {
    const { body } = await client.create({ wait: 10 });
    const reader = await EventReader.open(client, body.id);
    await eventually(() => {
      expect(reader.text.split(':\n\n').length).toBeGreaterThanOrEqual(4);
    });
    expect(reader.states).toEqual(['ready']);
  });

  it('ends within 5 s after its key was revoked, and others go on', async () => {
    const { body } = await client.create({ wait: 10 });
    const revoked = await testApp.clientWith('sessions:read');
    const [reader, unmoved] = [await EventReader.open(revoked, body.id), await EventReader.open(client, body.id)];
    await expectStates(reader, ['ready']);
    const [, id] = String(revoked.apiKey).split('_');
    await testApp.database.rows('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [id]);
    await expectEnd(reader, 5000);
    expect(unmoved.ended).toBe(false);
  });

  it('ends at shutdown, and does not hold it up', async () => {
    const leaving = await testApp.startGateway();
    const { body } = await client.create({ wait: 10 });
    const reader = await EventReader.open(leaving.client, body.id);
    await expectStates(reader, ['ready']);
    const start = performance.now();
    await leaving.close();
    testApp.gateways.pop();
    expect(performance.now() - start).toBeLessThan(4000);
    await expectEnd(reader, 1000);
  });

  it('is cut off when its reader does not read, and the others go on', async () => {
    const { body } = await client.create({ body: { metadata: { filler: 'x'.repeat(4000) } }, wait: 10 });
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1');
    socket.pause();
    socket.write(
      `GET /v1/sessions/${body.id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${String(client.apiKey)}\r\n\r\n`,
    );
    const reads = await EventReader.open(client, body.id);
    const streams = testApp.gateway.app.get(SseHub);
    await eventually(() => {
      expect(streams.count).toBe(2);
    });
    // The kernel takes megabytes for a reader that sleeps: the session has to change often before it shows.
    const deadline = performance.now() + 60_000;
    while (streams.count === 2 && performance.now() < deadline) {
      await testApp.database.rows('UPDATE sessions SET version = version + 1 WHERE id = $1', [body.id]);
      await testApp.database.rows('SELECT pg_notify($1, $2)', [
        SESSION_EVENTS_CHANNEL,
        encodeSessionEvents([body.id])[0],
      ]);
    }
    expect(streams.count).toBe(1);
    socket.destroy();
    const { events } = reads;
    await testApp.client.close(body.id);
    await eventually(() => {
      expect(reads.states.at(-1)).toBe('closed');
    });
    expect(reads.events.length).toBeGreaterThan(events.length);
  }, 90_000);

  it('is logged with its session when it ends', async () => {
    const { body } = await client.create({ wait: 10 });
    const reader = await EventReader.open(client, body.id);
    await expectStates(reader, ['ready']);
    await client.close(body.id);
    await eventually(() => {
      const id = reader.response.headers.get('request-id');
      const line = testApp.log.find(({ requestId }) => requestId === id);
      expect(line).toMatchObject({ route: '/v1/sessions/:tokenId/events', sessionId: body.id });
    });
  });
});

describe('asking for a stream', () => {
  const path = (id: string) => `/v1/sessions/${id}/events`;

  it('of nothing is 404, of an ended session 410', async () => {
    expect((await client.send('GET', path(`ses_${'x'.repeat(22)}`))).status).toBe(404);
    expect((await client.send('GET', path('x'))).status).toBe(404);
    const { body } = await client.create({ wait: 10 });
    await client.close(body.id);
    const closed = await client.send('GET', path(body.id));
    expect([closed.status, closed.body]).toEqual([410, expect.objectContaining({ code: 'session-closed' })]);
  });

  it('needs a credential with its scope, and takes none from the address', async () => {
    const { body } = await client.create({ wait: 10 });
    const visitor = testApp.newClient(testApp.url, null);
    expect((await visitor.send('GET', `${path(body.id)}?access_token=${testApp.apiKey}`)).status).toBe(401);
    expect((await (await testApp.clientWith('rooms:open')).send('GET', path(body.id))).status).toBe(403);
  });

  it('by HEAD opens none', async () => {
    const { body } = await client.create({ wait: 10 });
    const reply = await client.send('HEAD', path(body.id));
    expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([
      200,
      '',
      'text/event-stream; charset=utf-8',
    ]);
  });

  it('beyond as many as may be is 503, until one leaves', async () => {
    const small = await testApp.startGateway({ MAX_SSE_CONNECTIONS: '2' });
    const { body } = await client.create({ wait: 10 });
    const [first] = [await EventReader.open(small.client, body.id), await EventReader.open(small.client, body.id)];
    const refused = await small.client.send('GET', path(body.id));
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'overloaded', retryable: true });
    expect(refused.headers['retry-after']).toBe('1');
    first.leave();
    await eventually(async () => {
      expect((await EventReader.open(small.client, body.id)).response.status).toBe(200);
    });
  });
});
