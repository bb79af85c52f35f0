import fc from 'fast-check';
import { type Media, operations, type Parameter, type Placed } from '../openapi.js';
import { valuesOf } from './from-schema.js';
import { hostileBody, hostileKey, hostileMediaType, hostileSegment, hostileText, hostileValue } from './hostile.js';
import type { FuzzRequest } from './request.js';

/** A part of a request, and whether the document allows it. */
interface Part<T> {
  value: T;
  honest: boolean;
}

type Target = FuzzRequest['target'];
type Headers = FuzzRequest['headers'];

const good = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Part<T>> =>
  arbitrary.map((value) => ({ value, honest: true }));
const bad = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Part<T>> =>
  arbitrary.map((value) => ({ value, honest: false }));
const often = <T>(usual: fc.Arbitrary<T>, ...odd: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight: 12 }, ...odd.map((arbitrary) => ({ arbitrary, weight: 1 })));

/** Names that are allowed everywhere, few enough that they meet again. The last two are one name, NFC and NFD. */
const roomNames = fc.constantFrom('derby', 'final 1', 'a.b_c~d:e@f-g', 'Κύπελλο', '決勝', 'caf\u00e9', 'cafe\u0301');

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'BREW'];

/** Requests to every operation of the document: as it asks for them, and mutated. `credentials` are header values. */
export function fuzzRequests(credentials: { right: string[]; others: string[] }): fc.Arbitrary<FuzzRequest> {
  const authorization = fc.oneof(
    {
      arbitrary: good(fc.constantFrom(...credentials.right).map((value): Headers => [['authorization', value]])),
      weight: 12,
    },
    {
      arbitrary: bad(fc.constantFrom(...credentials.others).map((value): Headers => [['authorization', value]])),
      weight: 1,
    },
    { arbitrary: bad(hostileText.map((text): Headers => [['authorization', headerValue(text)]])), weight: 1 },
    { arbitrary: bad(fc.constant<Headers>([])), weight: 1 },
  );
  return fc.oneof(...operations.map((placed) => requestsTo(placed, authorization)));
}

function requestsTo(
  { path, method, operation }: Placed,
  authorization: fc.Arbitrary<Part<Headers>>,
): fc.Arbitrary<FuzzRequest> {
  const { operationId: made, parameters, requestBody, security } = operation;
  return fc
    .record({
      method: often(good(fc.constant(method)), bad(fc.constantFrom(...METHODS))),
      place: twisted(placeOf(path, parameters)),
      query: queryOf(parameters),
      authorization: security === undefined ? good(fc.constant<Headers>([])) : authorization,
      preferences: headersOf(parameters),
      more: oddHeaders,
      address: fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]): Headers => [['x-forwarded-for', `10.0.${a}.${b}`]]),
      body:
        requestBody === undefined ? unwanted : bodyOf(requestBody.content['application/json'], requestBody.required),
    })
    .map(({ address, ...parts }) => ({
      made,
      method: parts.method.value,
      target: [...parts.place.value, parts.query.value],
      headers: [
        ...parts.authorization.value,
        ...parts.preferences.value,
        ...parts.more.value,
        ...parts.body.value.headers,
        ...address,
      ],
      body: parts.body.value.text,
      honest: Object.values(parts).every(({ honest }) => honest),
    }));
}

// ---- the target -----------------------------------------------------------------------------------------------------

function placeOf(path: string, parameters: Parameter[]): fc.Arbitrary<Part<Target>> {
  const parts = path.split(/(\{\w+\})/).filter((part) => part !== '');
  const values = parts.map((part): fc.Arbitrary<Part<Target>> => {
    const parameter = parameters.find(({ in: place, name }) => place === 'path' && part === `{${name}}`);
    return parameter === undefined ? good(fc.constant<Target>([part])) : segmentOf(parameter);
  });
  return fc
    .tuple(...values)
    .map((all) => ({ value: all.flatMap(({ value }) => value), honest: all.every(({ honest }) => honest) }));
}

function segmentOf({ name, schema, example }: Parameter): fc.Arbitrary<Part<Target>> {
  const known: fc.Arbitrary<Target> =
    name === 'tokenId'
      ? fc.nat(1000).map((session) => [{ session }])
      : name === 'webhookId'
        ? fc.nat(1000).map((webhook) => [{ webhook }])
        : name === 'deliveryId'
          ? fc.nat(1000).map((delivery) => [{ delivery }])
          : name === 'seatId'
            ? fc.nat(1000).map((seat) => [{ seat }])
            : fc
                .oneof(...(example === undefined ? [] : [fc.constant(example as string)]), roomNames)
                .map((text) => [encoded(text)]);
  return often(
    good(known),
    bad(valuesOf(schema).map((value) => [encoded(String(value))])),
    bad(hostileText.map((text) => [encoded(text)])),
    bad(hostileSegment.map((text) => [text])),
  );
}

/** The same place in other words, or a place beside it. */
function twisted(place: fc.Arbitrary<Part<Target>>): fc.Arbitrary<Part<Target>> {
  const twists: ((target: Target) => Target)[] = [
    (target) => [...target, '/'],
    (target) => ['/', ...target],
    (target) => [...target, '/x'],
    (target) => ['http://elsewhere.example', ...target],
    ([first, ...rest]) => [typeof first === 'string' ? first.replace(/[a-z]/, escaped) : '', ...rest],
    ([first, ...rest]) => [typeof first === 'string' ? first.toUpperCase() : '', ...rest],
    ([first, ...rest]) => [typeof first === 'string' ? first.slice(0, -1) : '', ...rest],
    (target) => [...target, ';a=b'],
    (target) => [...target, '#x'],
  ];
  const twist = fc
    .tuple(place, fc.constantFrom(...twists))
    .map(([{ value }, apply]) => ({ value: apply(value), honest: false }));
  return fc.oneof({ arbitrary: place, weight: 12 }, { arbitrary: twist, weight: 1 });
}

function queryOf(parameters: Parameter[]): fc.Arbitrary<Part<string>> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const pairs = known.map((parameter) => fc.option(queryPair(parameter), { nil: null, freq: 1 }));
  const unknown = bad(fc.tuple(hostileKey, hostileText).map(([name, text]) => `${encoded(name)}=${encoded(text)}`));
  const oddity = bad(
    fc.constantFrom('', '&', '=', '&&=&', '%', '%zz=%', 'a[b]=c', 'limit=1&limit=2', '?', 'x'.repeat(5000)),
  );
  return fc.tuple(...pairs, often(fc.constant(null), unknown, oddity)).map((all) => {
    const given = all.filter((part) => part !== null);
    const value = given.map((part) => part.value).join('&');
    return { value: given.length === 0 ? '' : `?${value}`, honest: given.every(({ honest }) => honest) };
  });
}

function queryPair({ name, schema }: Parameter): fc.Arbitrary<Part<string>> {
  const pair = (value: unknown): string => `${name}=${encoded(String(value))}`;
  // For free text, which value is valid is unknown.
  const free = 'type' in schema && schema.type === 'string' && !('enum' in schema) && !('format' in schema);
  const usual = name === 'room' ? good(roomNames.map(pair)) : (free ? bad : good)(valuesOf(schema).map(pair));
  return fc.oneof({ arbitrary: usual, weight: 6 }, { arbitrary: bad(hostileText.map(pair)), weight: 1 });
}

// ---- headers --------------------------------------------------------------------------------------------------------

/** Patience that no run of thousands of requests would have is left out. */
const HEADERS: Record<string, fc.Arbitrary<string>> = {
  Prefer: fc.constantFrom(
    'wait=0',
    'wait=1',
    'wait="1"',
    'respond-async, wait=1',
    'wait=x',
    'wait=-1',
    'return=minimal',
  ),
  'Idempotency-Key': fc.oneof(
    fc.nat(20).map((n) => `key ${n}`),
    fc.uuid().map((id) => `"${id}"`),
  ),
  'Last-Event-ID': fc.nat(3).map(String),
};

function headersOf(parameters: Parameter[]): fc.Arbitrary<Part<Headers>> {
  const known = parameters.filter((parameter) => parameter.in === 'header');
  const each = known.map(({ name, schema }) => {
    const usual = HEADERS[name] ?? valuesOf(schema).map((value) => headerValue(String(value)));
    const odd = hostileText.map(headerValue).filter((text) => !/wait\s*=\s*"?\d\d/i.test(text));
    const once = often(good(usual), bad(odd)).map(({ value, honest }) => ({
      value: [[name, value]] as Headers,
      honest,
    }));
    const twice = fc.tuple(usual, odd).map(([a, b]) => ({
      value: [
        [name, a],
        [name, b],
      ] as Headers,
      honest: false,
    }));
    return fc.option(often(once, twice), { nil: { value: [] as Headers, honest: true } });
  });
  return fc
    .tuple(...each)
    .map((all) => ({ value: all.flatMap(({ value }) => value), honest: all.every(({ honest }) => honest) }));
}

/** Unsolicited headers. */
const oddHeaders: fc.Arbitrary<Part<Headers>> = often(
  good(fc.constant<Headers>([])),
  bad(
    fc.constantFrom<Headers>(
      [['authorization', 'Basic eDp5']],
      [
        ['origin', 'https://evil.example'],
        ['access-control-request-method', 'PUT'],
      ],
      [
        ['accept', 'text/html'],
        ['accept-encoding', 'x'],
        ['accept-version', '9.9.9'],
      ],
      [
        ['x-http-method-override', 'DELETE'],
        ['x-original-url', '/v1/sessions'],
      ],
      [['content-encoding', 'gzip']],
      [
        ['range', 'bytes=0-1'],
        ['if-match', '*'],
        ['if-none-match', '*'],
      ],
      [
        ['x-forwarded-for', 'x'],
        ['forwarded', 'for=_x'],
        ['x-forwarded-host', 'evil.example'],
      ],
      [
        ['x-request-id', 'mine'],
        ['request-id', 'mine'],
      ],
      [['cookie', `a=${'b'.repeat(3000)}`]],
      [['x-large', 'x'.repeat(17_000)]],
      Array.from({ length: 200 }, (_, i): [string, string] => [`x-${i}`, 'y']),
    ),
  ),
);

// ---- the body -------------------------------------------------------------------------------------------------------

interface Content {
  text: FuzzRequest['body'];
  headers: Headers;
}

const NOTHING: Content = { text: null, headers: [] };

const JSON_TYPE: Headers = [['content-type', 'application/json']];

/** For operations that take no body. */
const unwanted: fc.Arbitrary<Part<Content>> = often(
  good(fc.constant(NOTHING)),
  bad(hostileBody.map((text): Content => ({ text, headers: JSON_TYPE }))),
  bad(fc.constant<Content>({ text: 'a=b', headers: [['content-type', 'text/plain']] })),
);

function bodyOf(media: Media | undefined, required: boolean): fc.Arbitrary<Part<Content>> {
  const { schema = {}, examples = {} } = media ?? {};
  const right = fc.oneof(valuesOf(schema), ...Object.values(examples).map(({ value }) => fc.constant(value)));
  const json = (value: unknown): Content => ({ text: JSON.stringify(value), headers: JSON_TYPE });
  const honest = right.map(withPlainNames).filter(acceptable).map(json);
  return fc.oneof(
    { arbitrary: good(honest), weight: 8 },
    { arbitrary: (required ? bad : good)(fc.constant(NOTHING)), weight: 2 },
    {
      arbitrary: bad(fc.tuple(right, hostileKey, hostileValue).map((mutation) => json(mutated(...mutation)))),
      weight: 4,
    },
    { arbitrary: bad(hostileValue.map(json)), weight: 1 },
    { arbitrary: bad(hostileBody.map((text): Content => ({ text, headers: JSON_TYPE }))), weight: 1 },
    {
      arbitrary: bad(
        fc
          .tuple(honest, hostileMediaType)
          .map(([{ text }, type]): Content => ({ text, headers: [['content-type', type]] })),
      ),
      weight: 1,
    },
  );
}

/** What the document says in words: metadata is at most 4 KiB, and a setting is a limit. */
function acceptable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  if ('readyWithinS' in body && Number(body.readyWithinS) > 900) return false;
  return JSON.stringify(body).length < 2000;
}

/** What it says in words of names: those of rooms, their beginnings and persons have their own rules. */
function withPlainNames(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const plain = ['name', 'subject', 'roomPrefix'].flatMap((field) => (field in body ? [[field, 'anna']] : []));
  return withPlan({ ...body, ...(Object.fromEntries(plain) as object) });
}

/** What it says in words of the plan of the pool: an entry ends after it begins, and no products stand twice. */
function withPlan(body: object): object {
  if (!('targets' in body) || !Array.isArray(body.targets)) return body;
  const schedule = 'schedule' in body && Array.isArray(body.schedule) ? (body.schedule as Scheduled[]) : [];
  return {
    targets: body.targets.slice(0, 1),
    schedule: schedule.map(({ at, until, ...entry }) => {
      const [from = at, to = until] = [at, until].toSorted();
      return { ...entry, at: from, until: from === to ? '2041-01-01T00:00:00Z' : to };
    }),
  };
}

interface Scheduled {
  at: string;
  until: string;
}

/** One field more, or one of another kind. */
function mutated(body: unknown, key: string, value: unknown): unknown {
  if (typeof body !== 'object' || body === null) return value;
  const fields = Object.entries(body);
  const [first] = fields[key.length % (fields.length + 1)] ?? [key];
  return Object.fromEntries([...fields, [first, value]]);
}

// ---- spelling -------------------------------------------------------------------------------------------------------

/** Percent-encoding that takes any text; lone surrogates become the three bytes that they would be. */
function encoded(text: string): string {
  return Array.from(text, (character) =>
    character.isWellFormed() ? encodeURIComponent(character) : surrogateBytes(character.charCodeAt(0)),
  ).join('');
}

function surrogateBytes(unit: number): string {
  return [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]
    .map((byte) => `%${byte.toString(16).toUpperCase()}`)
    .join('');
}

/** As bytes, without those that no client can be made to send. */
function headerValue(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}

const escaped = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;
