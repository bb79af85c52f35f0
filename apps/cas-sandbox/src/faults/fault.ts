import { z } from 'zod';
import { VENDOR_PRODUCTS } from '../vendor/vendor-product.js';

const common = {
  /** Applies only to calls for this product; if absent, to all calls. */
  product: z.enum(VENDOR_PRODUCTS).exactOptional(),
  /** Number of calls it applies to; if absent, it applies until cleared. */
  times: z.int().min(1).exactOptional(),
  /** Delay before it is applied, in ms. */
  delayMs: z.int().min(0).max(600_000).exactOptional(),
};

/** Valid as a header value. */
const headerText = z.string().regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

/** Faults without options of their own. */
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

/** A fault that can be requested. Its kinds are described in FAULT_DESCRIPTIONS. */
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

/** A validated fault. */
export type Fault = z.output<typeof faultSchema>;
/** Body of `POST /sandbox/faults`. */
export type FaultCommand = z.input<typeof faultSchema>;

/** What each kind of fault does. */
export const FAULT_DESCRIPTIONS: Record<Fault['kind'], string> = {
  status:
    'Responds with `status`, an HTML error page and, if given, `retryAfter` as the Retry-After header. With `echo` the body, the headers and the reason phrase repeat the credentials of the call',
  redirect: 'Redirects to `location`, with `status` 302 by default',
  delay: 'A valid response after `delayMs`',
  hang: 'Holds the reply until it is released, then sends a valid response',
  drip: 'A valid response, one byte every 200 ms',
  reset: 'Resets the connection',
  garbage: '200 with an HTML page',
  empty: '200 with an empty body',
  'no-token': '200 with JSON that has no token',
  'wrong-type': '200 with a number as the token',
  'not-a-jwt': '200 with a token that is not a JWT',
  'expired-token': '200 with a token that expired an hour ago',
  'far-token': '200 with a token that expires in ten years',
  'no-exp': '200 with a token without `exp`',
  huge: '200 with a body of 200 MB',
  'gzip-bomb': '200 with a body of 200 MB, gzipped',
};
