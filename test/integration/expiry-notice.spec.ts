import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Session } from '../../clients/typescript/src/index.js';
import { eventually } from '../support/eventually.js';
import { runSnippet, snippet } from '../support/snippets.js';
import { TestApp } from '../support/test-app.js';

interface Row {
  version: number;
  expiry_announced: boolean | null;
}

describe('a session that will expire soon', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open();
  });
  afterAll(() => testApp.end());

  const ready = async (room: string) => (await testApp.client.openRoom(room, { wait: 10 })).body;
  const row = async (id: string) =>
    (await testApp.database.rows<Row>('SELECT version, expiry_announced FROM sessions WHERE id = $1', [id]))[0];

  /** Ready for so long, and with so much time left. */
  const age = (id: string, sinceReady: string, left: string) =>
    testApp.database.rows(
      `UPDATE sessions SET ready_at = now() - $2::interval, expires_at = now() + $3::interval WHERE id = $1`,
      [id, sinceReady, left],
    );

  /** Everything of the stream until the condition holds. */
  async function streamUntil(id: string, holds: (text: string) => boolean, lastEventId?: string): Promise<string> {
    const ends = new AbortController();
    const reply = await fetch(`${testApp.url}/v1/sessions/${id}/events`, {
      headers: {
        authorization: `Bearer ${testApp.apiKey}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
      signal: AbortSignal.any([ends.signal, AbortSignal.timeout(15_000)]),
    });
    let text = '';
    for await (const part of reply.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString();
      if (holds(text)) break;
    }
    ends.abort();
    return text;
  }

  it('announces that once: to those who follow it, and to those who come later, with its state', async () => {
    const { id, version } = await ready('announced');
    const following = streamUntil(id, (text) => text.includes('event: expiring'));
    await age(id, '1 hour', '9 minutes 59 seconds');
    const text = await following;
    const frames = text.split('\n\n').filter((frame) => frame.startsWith('event:'));
    // The id comes last: a client that was cut off in between gets both again.
    const shown = frames.map((frame) => [/event: \w+/.exec(frame)?.[0], /^id: .*/m.exec(frame)?.[0]]);
    expect(shown).toEqual([
      ['event: session', `id: ${version}`],
      ['event: session', undefined],
      ['event: expiring', `id: ${version + 1}`],
    ]);
    const data = JSON.parse(/event: expiring\nid: .*\ndata: (.*)/.exec(text)?.[1] ?? '') as Session;
    expect(data).toMatchObject({ id, status: 'ready', version: version + 1 });
    expect(text).not.toContain('eyJ');

    const later = await streamUntil(id, (seen) => seen.includes('event: expiring'));
    expect(later).toContain('event: session');
    const [second, third] = [await ready('second'), await ready('third')];
    await age(second.id, '1 hour', '1 minute');
    await age(third.id, '1 hour', '11 minutes');
    await eventually(async () => {
      expect(await row(second.id)).toEqual({ version: second.version + 1, expiry_announced: true });
    });
    expect(await row(id)).toEqual({ version: version + 1, expiry_announced: true });
    expect(await row(third.id)).toEqual({ version: third.version, expiry_announced: null });
  });

  it('keeps its token, which is the same before and after', async () => {
    const before = await ready('same token');
    await age(before.id, '1 hour', '5 minutes');
    await eventually(async () => {
      expect((await row(before.id))?.expiry_announced).toBe(true);
    });
    const after = (await testApp.client.read(before.id)).body;
    expect([after.tokens, after.version]).toEqual([before.tokens, before.version + 1]);
    expect((await testApp.client.openRoom('same token')).body).toMatchObject({ id: before.id, status: 'ready' });
  });

  it('is not announced if it lives no longer than the notice, or has ended', async () => {
    const [short, ended] = [await ready('short'), await ready('ended')];
    await age(short.id, '1 minute', '9 minutes');
    await testApp.client.close(ended.id);
    await age(ended.id, '1 hour', '5 minutes');
    await eventually(async () => {
      expect(await row(short.id)).toEqual({ version: short.version, expiry_announced: false });
    });
    expect((await row(ended.id))?.expiry_announced).toBeNull();
  });

  it('is handed by the typed client to the app, once, which opens the room again when it has ended', async () => {
    const client = createClient({ baseUrl: testApp.url, credential: testApp.apiKey });
    const told: string[] = [];
    const shown: string[] = [];
    const room = await ready('by the client');
    await age(room.id, '1 hour', '5 minutes');
    const code = snippet('clients/typescript/README.md', 'expiring');
    const { signal } = new AbortController();
    const tell = (text: string) => {
      told.push(text);
      // What remains of the session is over.
      void age(room.id, '1 hour', '-1 seconds');
    };
    const show = (status: string) => shown.push(status);
    const next = (await runSnippet(`${code}\nreturn next;`, {
      ...{ client, signal, tell, show, tokenId: room.id, room: 'by the client' },
    })) as Session;
    expect(told).toEqual([expect.stringMatching(/^The session ends at 20.*: we open the room again then$/)]);
    expect(shown.at(-1)).toBe('expired');
    expect(next).toMatchObject({ status: 'ready', generation: room.generation + 1 });
  });
});
