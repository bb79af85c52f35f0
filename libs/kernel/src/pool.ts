import { PRODUCTS, type SessionProduct } from './products.js';

/** Largest target of the warm pool for one set of products. */
export const MAX_POOL_TARGET = 1_000_000;

/** Most entries of a plan of the warm pool: standing targets and schedule together. */
export const MAX_POOL_ENTRIES = 50;

/** The sets of products that a session can have, and so a set of the warm pool. In the order in which products are stored. */
export const POOL_KINDS: readonly SessionProduct[][] = Array.from({ length: 2 ** PRODUCTS.length - 1 }, (_, n) =>
  PRODUCTS.filter((_product, bit) => ((n + 1) & (2 ** bit)) !== 0),
);

/** Products in the order in which they are stored, so that SQL can compare two sets. */
export function inPoolOrder(products: readonly SessionProduct[]): SessionProduct[] {
  return PRODUCTS.filter((product) => products.includes(product));
}

/** A set of products as it is named in metrics and by the CLI, such as `stream,sync`. */
export function poolKind(products: readonly string[]): string {
  return PRODUCTS.filter((product) => products.includes(product)).join(',');
}

/** Why the pool gives up a set. `old`: its age. `short-lived`: the life that its tokens have left. */
export const POOL_DISCARDS = ['old', 'short-lived'] as const;
export type PoolDiscard = (typeof POOL_DISCARDS)[number];
/** How many sets of these products are to be ready. */
export interface PoolEntry {
  products: SessionProduct[];
  target: number;
}

/** A target for a time. */
export interface ScheduledPoolEntry extends PoolEntry {
  /** ISO 8601: from when on the sets are minted. */
  at: string;
  /** ISO 8601: from here on none is minted. */
  until: string;
}

/**
 * What the warm pool is to hold. The target of a set of products at a time is that of the entry of the schedule that covers
 * it, the largest of several, or else the standing one, or else 0.
 */
export interface PoolPlan {
  targets: PoolEntry[];
  schedule: ScheduledPoolEntry[];
}

/** Which sets may still be taken. */
export interface PoolLimits {
  /** Least life that all tokens of a set have left, in s. */
  minLifeS: number;
  /** Largest age of a set, in s. */
  maxAgeS: number;
}
