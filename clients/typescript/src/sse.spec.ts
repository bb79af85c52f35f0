import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEvents } from './sse.js';

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const event of events) found.push(event);
  return found;
}

function bodyOf(pieces: Uint8Array[], end: 'close' | 'error' | 'silence'): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (end === 'close') controller.close();
      else if (end === 'error') controller.error(new Error('cut'));
    },
  });
}

describe('reading a body', () => {
  const text =
    ': hello\n\nid: 1\nevent: session\ndata: {"room":"derbi ⚽ été"}\n\n: beat\n\nid: 2\ndata: a\ndata:b\n\n';
  const bytes = new TextEncoder().encode(text.replaceAll('\n', '\r\n'));
  const events = [
    { id: '1', event: 'session', data: '{"room":"derbi ⚽ été"}' },
    { id: '2', event: undefined, data: 'a\nb' },
  ];

  it('finds the same events wherever it is split, within characters too', async () => {
    const places = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 40 });
    const check = fc.asyncProperty(places, async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, index) => bytes.slice(at[index], end));
      expect(await all(readEvents(bodyOf(pieces, 'close'), 1000))).toEqual(events);
    });
    await fc.assert(check, { numRuns: 200 });
  });

  it.each(['close', 'error', 'silence'] as const)('ends after %s', async (end) => {
    expect(await all(readEvents(bodyOf([bytes], end), 50))).toEqual(events);
  });

  it('gives no event that is incomplete', async () => {
    expect(await all(readEvents(bodyOf([bytes.slice(0, -3)], 'close'), 1000))).toEqual(events.slice(0, 1));
  });

  it('cancels the body when the caller stops reading', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytes);
      },
      cancel: () => void (cancelled = true),
    });
    for await (const _ of readEvents(body, 1000)) break;
    expect(cancelled).toBe(true);
  });
});
