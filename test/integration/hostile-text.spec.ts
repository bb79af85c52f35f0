import { scrub } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requestPath } from '../../apps/gateway/src/routing/request-path.js';
import { expressionsOfProduct } from '../support/expressions.js';
import { TestApp } from '../support/test-app.js';

/** What may hold up everybody else: one request of legal size, or one expression, in ms of processor time. */
const LONGEST_MS = 20;
/** The largest text that reaches an expression: a body. Paths, queries and headers are at most 16 KiB. */
const LARGEST = 64 * 1024;

/** Fragments that make expressions try again and again: beginnings of what they look for, and characters they skip. */
const FRAGMENTS = [
  ...[
    'a',
    'A',
    '0',
    ' ',
    '\t',
    '.',
    '-',
    '_',
    '"',
    ',',
    ';',
    '=',
    ':',
    '/',
    '@',
    '%',
    '\\',
    '+',
    '[',
    '\u0300',
    'é',
    '😀',
  ],
  ...[
    'eyJ',
    'eyJaaaaa',
    'eyJaaaaaaaa.',
    'wtk_',
    'wtk_aaaa_',
    '://',
    'a://',
    'a://b:',
    'a:b@',
    '%41',
    '%2',
    '",',
    '",a',
  ],
  ...[
    'Bearer ',
    'wait',
    'wait=1',
    'wait =',
    '1;',
    'Mon, 01 Jan 2026 ',
    'ses_',
    '\u200b',
    '\u202e',
    'http://',
    '\ud800',
  ],
];
const HOSTILE = FRAGMENTS.flatMap((fragment) => {
  const text = fragment.repeat(Math.ceil(LARGEST / fragment.length)).slice(0, LARGEST);
  return [text, `${text}!`, `${text}\u0000`, `"${text}`];
});

/** Only work that stays too long is tried this often: a busy machine delays a few tries, a slow expression every one. */
const MOST_TRIES = 40;

/** Processor time of the main thread since `before`, in ms. Collecting garbage and compiling run on other threads. */
function msSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** The least processor time of some tries, in ms: what others do on this machine does not count. */
function leastMs(work: () => unknown): number {
  let least = Infinity;
  for (let n = 0; n < MOST_TRIES && least >= LONGEST_MS / 2; n++) {
    const before = process.threadCpuUsage();
    work();
    least = Math.min(least, msSince(before));
  }
  return least;
}

describe('an expression', () => {
  const expressions = expressionsOfProduct();

  it('is found wherever there is one', () => {
    expect(expressions.length).toBeGreaterThan(40);
  });

  it.each(expressions.map(({ file, text, regexp }) => [text, file, regexp] as const))(
    '%s of %s is quick with every hostile text of the largest size',
    (_text, _file, regexp) => {
      for (const hostile of HOSTILE) {
        const ms = leastMs(() => hostile.replace(regexp, 'x'));
        expect([JSON.stringify(hostile.slice(0, 20)), ms < LONGEST_MS]).toEqual([
          JSON.stringify(hostile.slice(0, 20)),
          true,
        ]);
      }
    },
  );
});

describe('text of callers', () => {
  it.each(HOSTILE.map((text) => [JSON.stringify(text.slice(0, 20)), text] as const))(
    'such as %s is scrubbed quickly',
    (_name, text) => {
      expect(leastMs(() => scrub(text))).toBeLessThan(LONGEST_MS);
      expect(leastMs(() => requestPath(`/${text.slice(0, 16_000)}`))).toBeLessThan(LONGEST_MS);
    },
  );
});

describe('a request of legal size', () => {
  let testApp: TestApp;
  let longest = { name: 'none', ms: 0 };
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false, env: { ROOM_API: 'on' } });
    // What is compiled and cached with the first requests does not count.
    const plain = async () => testApp.client.openRoom('warm-up', { body: { nothing: 'here' } });
    for (let n = 0; n < 20; n++) await plain();
    ordinaryMs = await leastMsOf(plain);
  });
  afterAll(async () => {
    await testApp.end();
    process.stdout.write(`longest request: ${longest.name}, ${longest.ms.toFixed(1)} ms of processor time\n`);
  });

  const path = (text: string) =>
    encodeURIComponent(text.toWellFormed())
      .slice(0, 15_000)
      .replace(/%[^%]?$/, '');
  const header = (text: string) => text.replace(/[^\x20-\x7e]/g, 'x').slice(0, 15_000);
  const key = (text: string) => text.toWellFormed().slice(0, 20_000);
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

  /** Each kind of place where a caller's text can stand, with one hostile text. */
  const requests = (text: string): [string, () => Promise<unknown>][] => [
    ['path', () => testApp.client.send('GET', `/${path(text)}`)],
    ['room', () => testApp.client.send('PUT', `/v1/rooms/${path(text).slice(0, 6000)}/session`)],
    ['TokenID', () => testApp.client.send('GET', `/v1/sessions/${path(text).slice(0, 6000)}`)],
    ['query', () => testApp.client.send('GET', `/v1/sessions?room=${path(text)}`)],
    ['name of a query parameter', () => testApp.client.send('GET', `/v1/audit?${path(text)}=1`)],
    ['Prefer', () => testApp.client.send('GET', '/v1/rooms/x/session', { headers: { prefer: header(text) } })],
    ['Idempotency-Key', () => testApp.client.create({ key: header(text) })],
    ['credential', () => testApp.newClient(testApp.url, header(text)).read('x')],
    ['key in a body', () => testApp.client.openRoom('x', { body: { [key(text)]: 1 } })],
    ['metadata', () => testApp.client.openRoom('x', { body: { metadata: { x: key(text) } } })],
    ['drop-in name', () => testApp.client.send('POST', '/room/create', { body: { name: key(text) } })],
    ['drop-in field', () => testApp.client.send('POST', '/room/create', { body: { name: 'x', [key(text)]: 1 } })],
  ];
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 1]));
  const bodies: [string, string][] = [
    ['thousands of unknown keys', JSON.stringify(many(6000))],
    ['thousands of products', JSON.stringify({ products: Array.from({ length: 9000 }, () => 'x') })],
    ['deeply nested metadata', `{"metadata":${nested(9000)}}`],
    ['metadata of many keys', JSON.stringify({ metadata: many(6000) })],
  ];

  /** Of an ordinary request, its client included, which is part of this process. */
  let ordinaryMs = 0;

  async function leastMsOf(send: () => Promise<unknown>): Promise<number> {
    let least = Infinity;
    for (let n = 0; n < MOST_TRIES && least - ordinaryMs >= LONGEST_MS / 2; n++) {
      const before = process.threadCpuUsage();
      await send();
      least = Math.min(least, msSince(before));
    }
    return least - ordinaryMs;
  }

  async function expectQuick(name: string, send: () => Promise<unknown>): Promise<void> {
    const least = await leastMsOf(send);
    if (least > longest.ms) longest = { name, ms: least };
    expect([name, least < LONGEST_MS]).toEqual([name, true]);
  }

  it.each(FRAGMENTS.map((fragment) => [JSON.stringify(fragment), fragment] as const))(
    'holds up no other request, wherever %s is repeated in it',
    async (_name, fragment) => {
      const text = fragment.repeat(Math.ceil(LARGEST / fragment.length));
      for (const [place, send] of requests(text)) await expectQuick(`${place} of ${JSON.stringify(fragment)}`, send);
    },
  );

  it.each(bodies)('holds up no other request with %s', async (name, body) => {
    await expectQuick(name, () => testApp.client.openRoom('x', { body }));
    await expectQuick(name, () => testApp.client.send('POST', '/room/create', { body }));
  });
});
