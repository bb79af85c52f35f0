import { z } from 'zod';
import { VENDOR_PRODUCTS } from '../vendor/vendor-product.js';

const common = {
  /** Only calls for this product; all of them where it is absent. */
  product: z.enum(VENDOR_PRODUCTS).exactOptional(),
  /** How many calls it strikes; until cleared where it is absent. */
  times: z.int().min(1).exactOptional(),
  /** Waits that long before it strikes, in ms. */
  delayMs: z.int().min(0).max(600_000).exactOptional(),
};

/** Whatever may stand in a header. */
const headerText = z.string().regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

/** Faults that need nothing but their name. */
const PLAIN_KINDS = [
  'reset',
  'garbage',
  'wrong-type',
  'empty',
  'no-token',
  'not-a-jwt',
  'expired-token',
  'far-token',
  'no-exp',
  'drip',
  'huge',
  'gzip-bomb',
] as const;

/**
 * A fault on command.
 *
 * - `status`: that status, a page of the vendor's as body, and `Retry-After` if told; with `echo` the body, the headers
 *   and the reason repeat the credentials of the call, as debug pages do
 * - `delay`: the right answer, late
 * - `hang`: holds the reply until it is released, then answers right
 * - `reset`: cuts the connection
 * - `garbage`, `wrong-type`, `empty`, `no-token`, `not-a-jwt`, `expired-token`: 200 without a usable token
 * - `far-token`, `no-exp`: 200 with a token that expires in ten years, or never
 * - `drip`: the right answer, a byte per 200 ms
 * - `huge`: a body of 200 MB; `gzip-bomb`: the same, gzipped
 * - `redirect`: to `location`
 */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    retryAfter: headerText.exactOptional(),
    echo: z.boolean().exactOptional(),
    ...common,
  }),
  z.strictObject({ kind: z.literal('delay'), ...common, delayMs: common.delayMs.unwrap() }),
  z.strictObject({
    kind: z.literal('redirect'),
    location: headerText,
    status: z.literal([301, 302, 303, 307, 308]).default(302),
    ...common,
  }),
  z.strictObject({ kind: z.literal('hang'), ...common }),
  z.strictObject({ kind: z.enum(PLAIN_KINDS), ...common }),
]);

export type Fault = z.output<typeof faultSchema>;
/** What a command may say. */
export type FaultCommand = z.input<typeof faultSchema>;
