import fc from 'fast-check';

/** Text that has broken something somewhere before. */
export const hostileText = fc.oneof(
  fc.constantFrom(
    ...['', ' ', '\0', 'a\0b', '\ud800', 'x\udc00', '\ufeff', '\u202e', '\u200b', '\u007f', '\r\n', '\t'],
    ...['caf\u00e9', 'cafe\u0301', '\u1e9b\u0323', '\u0130', '\ufdfa', '💩', '👩‍👩‍👧', 'x'.repeat(129), 'x'.repeat(2100)],
    ...[
      '.',
      '..',
      '../../etc/passwd',
      '*',
      "' OR 1=1--",
      '<script>',
      '${7*7}',
      '{{7*7}}',
      '%00',
      '%',
      '#',
      '?',
      ';a=b',
    ],
    ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'open:x', 'null', 'undefined', 'NaN'],
    ...['-1', '0', '1.5', '1e3', '1e999', '0x10', '9007199254740993', '٣', 'true', '[]', '{}', '2026-13-45T99:99:99Z'],
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
);

/** JSON values of the wrong type, size or kind. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, 0, -1, 0.5, 1e308, Number.MAX_SAFE_INTEGER + 2, [], {}, [[[[]]]], [null], { length: 1 }],
    ...[{ then: 'x' }, { toJSON: 'x' }, { $ref: '#' }, 'x'.repeat(4096), 'ü'.repeat(3000), Array(2000).fill(0)],
  ),
  hostileText,
  fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
);

/** Keys that an object of the API does not have, some of which mean something to JavaScript. */
export const hostileKey = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', '', 'id', 'x/y~z'),
  hostileText,
);

/** Bodies that are no JSON, or JSON with what `JSON.stringify` never writes. */
export const hostileBody: fc.Arbitrary<string | Buffer> = fc.oneof(
  fc.constantFrom<string | Buffer>(
    ...[
      '{',
      '}',
      '{"a":}',
      "{'a':1}",
      '[1,]',
      'NaN',
      'undefined',
      '{"a":1}}',
      '\ufeff{}',
      ' ',
      '\n',
      '""',
      'null',
      '0',
    ],
    ...['{"__proto__":{"admin":true}}', '{"metadata":{"__proto__":1}}', '{"products":["stream"],"products":["sync"]}'],
    ...['{"constructor":{"prototype":{"admin":true}}}', '{"metadata":1e999}', '{"metadata":{"a":"\\ud800"}}'],
    ...[
      '{"metadata":{"a":"\\u0000"}}',
      '{"metadata":{"\\u0000":1}}',
      '{"metadata":{"n":-0}}',
      '{"metadata":{"n":1e400}}',
    ],
    `{"metadata":{"a":${'['.repeat(1500)}${']'.repeat(1500)}}}`,
    `{"metadata":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    `{"metadata":{"a":"${'x'.repeat(70_000)}"}}`,
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

export const hostileMediaType = fc.constantFrom(
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'x', ''],
  ...['application/json; charset=utf-16', 'application/json;', 'APPLICATION/JSON', 'application/json, text/plain'],
  ...['application/problem+json', 'application/jsonx', 'text/json', ';', 'application/'],
);

/** Parts of a path that decode to nothing good, or to what has a meaning in paths. */
export const hostileSegment = fc.constantFrom(
  ...['%', '%zz', '%ff', '%C3', '%ED%A0%80', '%00', '%0A', '%2e%2e', '%2F', '%5C', '%25', '%2525', '%23', '%3F', '%3B'],
  ...['%F0%9F%98%80', '%20x', 'x%20', 'a+b', '*', '{room}', ':room', ';a=b', '"', '<a>', '\\', '|', 'x'.repeat(2049)],
);
