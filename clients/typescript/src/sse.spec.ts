import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createParser, readEvents } from './sse.js';

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const event of events) found.push(event);
  return found;
}

const STREAM =
  ': hello\n\nid: 1\nevent: session\ndata: {"room":"derbi ⚽ été"}\n\n: beat\n\ndata\n\nid: 2\ndata: a\ndata:b\n\n';
const EVENTS = [
  { id: '1', type: 'session', data: '{"room":"derbi ⚽ été"}' },
  { id: '1', type: 'message', data: '' },
  { id: '2', type: 'message', data: 'a\nb' },
];

describe('the parser', () => {
  it.each(['\n', '\r\n', '\r'])('reads lines that end in %j', (end) => {
    // The last CR could still become a CRLF.
    expect(createParser()(`${STREAM.replaceAll('\n', end)}:`)).toEqual(EVENTS);
  });

  it('gives nothing for what is not complete, and nothing for comments', () => {
    expect(createParser()('id: 1\ndata: x\n')).toEqual([]);
    expect(createParser()(': beat\n\n: beat\n\n')).toEqual([]);
  });

  it('gives no event without data, but remembers its id', () => {
    expect(createParser()('id: 7\nevent: session\n\ndata: x\n\n')).toEqual([{ id: '7', type: 'message', data: 'x' }]);
  });

  it('takes one space after the colon, keeps the others and later colons, and ignores other fields', () => {
    expect(createParser()('retry: 5\nunknown\ndata:  a: b\n\n')).toEqual([{ id: '', type: 'message', data: ' a: b' }]);
  });

  it('ignores an id with NUL', () => {
    expect(createParser()('id: 1\nid: 2\0\ndata: x\n\n')[0]?.id).toBe('1');
  });
});

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
  const bytes = new TextEncoder().encode(STREAM.replaceAll('\n', '\r\n'));

  it('finds the same events wherever it was cut, within characters too', async () => {
    const places = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 40 });
    const check = fc.asyncProperty(places, async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, index) => bytes.slice(at[index], end));
      expect(await all(readEvents(bodyOf(pieces, 'close'), 1000))).toEqual(EVENTS);
    });
    await fc.assert(check, { numRuns: 200 });
  });

  it.each(['close', 'error', 'silence'] as const)('ends after %s', async (end) => {
    expect(await all(readEvents(bodyOf([bytes], end), 50))).toEqual(EVENTS);
  });

  it('lets go of the connection when the reader has enough', async () => {
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
