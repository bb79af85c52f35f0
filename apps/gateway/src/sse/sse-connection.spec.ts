import { describe, expect, it } from '@jest/globals';
import type { SessionRecord } from '@app/entities';
import { SseConnection, type Sink, MAX_UNREAD_BYTES } from './sse-connection.js';

class Fake {
  written: string[] = [];
  writableLength = 0;
  ends: string[] = [];
  write = (text: string): boolean => this.written.push(text) > 0;
  end = (): void => void this.ends.push('end');
  destroy = (): void => void this.ends.push('destroy');
}

const session = (version: number, status: string) => ({ version, status }) as SessionRecord;

function open(lastEventId?: string) {
  const fake = new Fake();
  const stream = new SseConnection(fake as unknown as Sink, (s) => `${String(s.version)}:${s.status}`, lastEventId);
  return { fake, stream };
}

describe('an event stream', () => {
  it('passes each state on once', () => {
    const { fake, stream } = open();
    const states = [session(1, 'pending'), session(1, 'pending'), session(2, 'ready'), session(2, 'ready')];
    expect(states.map((state) => stream.send(state))).toEqual([false, false, false, false]);
    expect(fake.written).toEqual(['1:pending', '2:ready']);
  });

  it('leaves out what its reader has seen', () => {
    const { fake, stream } = open('1');
    for (const state of [session(1, 'pending'), session(1, 'pending'), session(2, 'ready')]) stream.send(state);
    expect(fake.written).toEqual(['2:ready']);
  });

  it.each(['closed', 'expired'])('tells %s as the last thing, even where the version is known', (status) => {
    const { fake, stream } = open('2');
    stream.send(session(2, 'ready'));
    expect(stream.send(session(2, status))).toBe(true);
    expect(fake.written).toEqual([`2:${status}`]);
  });

  it('tells how many seats are held: to a new reader only if there are any, to one that comes back in any case', () => {
    const none = { participants: 0, viewers: 0 };
    const [first, back] = [open(), open('1')];
    for (const { stream } of [first, back]) for (let n = 0; n < 2; n++) stream.sendSeats(none);
    expect([first.fake.written.length, back.fake.written.length]).toEqual([0, 1]);
  });

  it('drops a reader that does not read, and writes no more to it', () => {
    const { fake, stream } = open();
    fake.writableLength = MAX_UNREAD_BYTES;
    stream.heartbeat();
    expect(fake.ends).toEqual([]);
    fake.writableLength++;
    stream.heartbeat();
    stream.heartbeat();
    stream.end();
    expect([fake.ends, fake.written.length]).toEqual([['destroy'], 2]);
  });
});
