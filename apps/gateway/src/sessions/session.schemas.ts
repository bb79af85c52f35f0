import { FAILURE_CODES, PRODUCTS, SESSION_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { isDeeperThan, isStorable } from '../http/storable-json.js';

/** In bytes of JSON. */
const METADATA_LIMIT = 4096;
const TOO_LARGE = 'must be at most 4 KiB of JSON';
/** Levels of nested objects and arrays. Every client has to parse metadata, some of them recursively. */
const MAX_LEVELS = 32;

/** Shorter ones would fail sessions that need a second attempt. */
const MIN_READY_WITHIN_S = 5;
/** The largest `MINT_DEADLINE_S`; the service checks the one that is set. */
const MAX_READY_WITHIN_S = 86_400;

const product = z.enum(PRODUCTS, { error: `must be one of ${PRODUCTS.join(', ')}` });

/** Free data of the creator, shown to every reader. */
export const metadata = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'must be an object',
    abort: true,
  })
  .refine((value) => !isDeeperThan(MAX_LEVELS, value), { error: `must have at most ${MAX_LEVELS} levels`, abort: true })
  .refine(isStorable, { error: 'must not contain U+0000 or lone surrogates', abort: true })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= METADATA_LIMIT, { error: TOO_LARGE })
  .meta({
    type: 'object',
    additionalProperties: true,
    description: 'Free data shown to every reader, up to 4 KiB of JSON. The creator’s metadata is kept.',
    example: { match: 'derby' },
  });

/** The body of open and create. No body is the same as `{}`. */
export const openSessionBody = z
  .strictObject(
    {
      products: z
        .array(product, { error: 'must be an array' })
        // Not zod's min and max, which also accept strings by their length.
        .refine((names) => names.length > 0, { error: 'must name at least one product' })
        .refine((names) => new Set(names).size === names.length, { error: 'must not name a product twice' })
        .exactOptional()
        .meta({
          minItems: 1,
          maxItems: PRODUCTS.length,
          uniqueItems: true,
          description: 'Products to get tokens for. Default: the server’s `DEFAULT_PRODUCTS`.',
        }),
      metadata: metadata.exactOptional(),
      readyWithinS: z
        .int({ error: 'must be a whole number', abort: true })
        .min(MIN_READY_WITHIN_S, { error: `must be at least ${MIN_READY_WITHIN_S}` })
        .max(MAX_READY_WITHIN_S, { error: `must be at most ${MAX_READY_WITHIN_S}` })
        .exactOptional()
        .meta({
          description:
            'Seconds after which a session that is not ready counts as failed: from 5 to the server’s `MINT_DEADLINE_S`, ' +
            'which is the default. Ignored if the room has a session that has not failed.',
          example: 30,
        }),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
  )
  .meta({ id: 'SessionOpening' });

export type OpenSessionBody = z.output<typeof openSessionBody>;

/** No body at all means an empty one. */
export const optionalOpenSessionBody = z.preprocess((body) => (body === undefined ? {} : body), openSessionBody);

const time = z.iso.datetime();

export const failureView = z.strictObject({
  code: z.enum(FAILURE_CODES),
  detail: z.string(),
  retryable: z.boolean().meta({ description: 'Whether opening the room again may succeed.' }),
});

/** A session as replies show it. */
export const sessionView = z
  .strictObject({
    id: z.string().meta({ description: 'The TokenID: share this, never the token.' }),
    room: z.string().nullable(),
    generation: z.int().min(1).meta({ description: 'Ordinal of this session within its room, starting at 1.' }),
    status: z.enum(SESSION_STATUSES),
    version: z.int().min(1).meta({ description: 'Incremented on every change.' }),
    products: z.array(z.enum(PRODUCTS)),
    tokens: z
      .strictObject({ stream: z.string().exactOptional(), sync: z.string().exactOptional() })
      .exactOptional()
      .meta({
        description:
          'Present while the session is ready, for callers with `tokens:read`. Pass them to the SDK unchanged.',
      }),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: time,
    readyAt: time.nullable(),
    expiresAt: time.nullable(),
    failure: failureView.nullable(),
    successor: z.string().exactOptional().meta({
      description:
        'In the last event of a session that ended: the TokenID of the newer session of its room, for callers with `rooms:open` or a ticket for the room.',
    }),
  })
  .meta({ id: 'Session' });

export const sessionPage = z
  .strictObject({
    items: z.array(sessionView),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass as `cursor` to fetch the next page; null on the last page.' }),
  })
  .meta({ id: 'SessionPage' });

export type SessionPage = z.output<typeof sessionPage>;

export type SessionView = z.output<typeof sessionView>;
