import { POOL_KINDS } from '@app/kernel';
import { checked } from '../database/checked.js';

/** SQL: the sets of products that the pool can hold, as rows of `products`. */
export const KINDS = `(VALUES ${POOL_KINDS.map((products) => `('{${products.join(',')}}'::text[])`).join(', ')})`;

interface LimitParameters {
  /** SQL: the parameter with the largest age. */
  maxAgeS: string;
  /** SQL: the parameter with the least life. */
  minLifeS: string;
}

/** SQL: whether a set of the pool, over `pool_sets p`, is young enough: a range of the index `pool_sets_oldest`. */
const isYoung = (maxAgeS: string): string => `p.minted_at > statement_timestamp() - make_interval(secs => ${maxAgeS})`;

/** SQL: whether a set may be taken, over `pool_sets p`. */
export const mayBeTaken = ({ maxAgeS, minLifeS }: LimitParameters): string =>
  `${isYoung(maxAgeS)} AND ${checked(`p.expires_at > statement_timestamp() + make_interval(secs => ${minLifeS})`)}`;

/**
 * SQL: the plan as it is now, as rows of `products`, `target` and `changesAt`, the next time at which an entry for these
 * products begins or ends.
 */
export const PLANNED = `
  SELECT e.products,
         COALESCE(max(e.target) FILTER (WHERE e.at <= statement_timestamp() AND e.until > statement_timestamp()),
                  max(e.target) FILTER (WHERE e.at IS NULL), 0) AS target,
         LEAST(min(e.at) FILTER (WHERE e.at > statement_timestamp()),
               min(e.until) FILTER (WHERE e.until > statement_timestamp())) AS changes_at
  FROM (
    SELECT ARRAY(SELECT jsonb_array_elements_text(i.products)) AS products, i.target, i.at, i.until
    FROM pool_plan, jsonb_to_recordset(pool_plan.targets || pool_plan.schedule)
      AS i (products jsonb, target integer, at timestamptz, until timestamptz)
  ) e GROUP BY e.products`;
