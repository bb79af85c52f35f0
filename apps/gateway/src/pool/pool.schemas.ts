import { MAX_POOL_ENTRIES, MAX_POOL_TARGET, poolKind, PRODUCTS } from '@app/kernel';
import { z } from 'zod';

const object = {
  error: (issue: { code?: string }) => (issue.code === 'invalid_type' ? 'must be an object' : undefined),
};
const list = { error: 'must be an array' };
const NO_TIME = 'must be an ISO 8601 time with its zone, such as 2026-11-28T20:30:00Z';

const products = z
  .array(z.enum(PRODUCTS, { error: `must be one of ${PRODUCTS.join(', ')}` }), list)
  .refine((names) => names.length > 0, { error: 'must name at least one product' })
  .refine((names) => new Set(names).size === names.length, { error: 'must not name a product twice' })
  .meta({
    minItems: 1,
    maxItems: PRODUCTS.length,
    uniqueItems: true,
    description: 'A session takes a set of exactly its products.',
  });

const target = z
  .int({ error: 'must be a whole number', abort: true })
  .min(0, { error: 'must be at least 0' })
  .max(MAX_POOL_TARGET, { error: `must be at most ${MAX_POOL_TARGET}` })
  .meta({ description: 'Sets of tokens that are to be ready.' });

/** The time of an instant; years that a timestamp of Postgres shows in another form are refused. */
const instant = z.iso
  .datetime({ offset: true, error: NO_TIME })
  .refine((text) => new Date(text).getUTCFullYear() >= 1 && new Date(text).getUTCFullYear() <= 9999, {
    error: NO_TIME,
  });

const entry = z.strictObject({ products, target }, object);

const scheduled = z
  .strictObject(
    {
      products,
      at: instant.meta({ description: 'From when on sets are minted: leave them the time to be there when needed.' }),
      until: instant.meta({ description: 'From here on none is minted. What there is, is left to be used.' }),
      target,
    },
    object,
  )
  .refine(({ at, until }) => !(Date.parse(until) <= Date.parse(at)), {
    error: 'must be later than at',
    path: ['until'],
  });

/** The whole plan. */
export const poolPlanBody = z
  .strictObject(
    {
      targets: z
        .array(entry, list)
        .superRefine((entries, context) => {
          const kinds = entries.map((one) => poolKind(one.products));
          kinds.forEach((kind, n) => {
            if (kinds.indexOf(kind) < n)
              context.addIssue({
                code: 'custom',
                message: 'must not name the same products twice',
                path: [n, 'products'],
              });
          });
        })
        .meta({ maxItems: 2 ** PRODUCTS.length - 1, description: 'What stands all the time.' }),
      schedule: z
        .array(scheduled, list)
        .refine((entries) => entries.length <= MAX_POOL_ENTRIES, {
          error: `must have at most ${MAX_POOL_ENTRIES} entries`,
        })
        .meta({
          maxItems: MAX_POOL_ENTRIES,
          description:
            'What takes the place of the standing target for a time. Of several that cover a time, the largest target counts.',
        }),
    },
    object,
  )
  .meta({ id: 'PoolPlan' });
export type PoolPlanBody = z.output<typeof poolPlanBody>;

const time = z.iso.datetime();
const names = z.array(z.enum(PRODUCTS));

/** The plan, and how far the pool is. */
export const poolView = z
  .strictObject({
    targets: z.array(z.strictObject({ products: names, target: z.int() })),
    schedule: z.array(z.strictObject({ products: names, at: time, until: time, target: z.int() })),
    changedAt: time.nullable().meta({ description: 'When the plan was replaced last; null if there was none yet.' }),
    levels: z
      .array(
        z.strictObject({
          products: names,
          target: z.int().meta({ description: 'By the plan, now.' }),
          level: z.int().meta({ description: 'Sets that may be taken.' }),
          minting: z.int().meta({ description: 'Sets that workers are minting.' }),
          oldestS: z.number().nullable().meta({ description: 'Age of the oldest set, in s; null without one.' }),
        }),
      )
      .meta({ description: 'The pool now, by the products that are in the plan or of which there are sets.' }),
  })
  .meta({ id: 'Pool' });
export type PoolView = z.output<typeof poolView>;
