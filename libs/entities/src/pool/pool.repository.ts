import { type PoolDiscard, type PoolLimits, type PoolPlan, type SessionProduct } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { auditChange } from '../audit/audit.repository.js';
import { Database } from '../database/database.js';
import { USE_INDEXES } from '../database/use-indexes.js';
import { KINDS, mayBeTaken, PLANNED } from '../sessions/pool.sql.js';

/** The pool for one set of products. */
export interface PoolLevel {
  products: SessionProduct[];
  /** Sets that are to be ready now, by the plan. */
  target: number;
  /** Sets that may be taken. */
  level: number;
  /** Sets that workers are minting. */
  minting: number;
  /** Age of the oldest set that may be taken, in s; null if there is none. */
  oldestS: number | null;
}

export interface StoredPoolPlan extends PoolPlan {
  /** Null if there was never one. */
  changedAt: Date | null;
}

/** Maximum sets of one statement. */
export const POOL_BATCH = 1000;

/**
 * Sets of tokens that were minted ahead. They are stored by `PoolRefillRepository`, and taken by the statements that insert
 * sessions.
 */
@Injectable()
export class PoolRepository {
  constructor(private readonly database: Database) {}

  async plan(): Promise<StoredPoolPlan> {
    const [row] = await this.database.query<StoredPoolPlan>(
      'SELECT targets, schedule, changed_at AS "changedAt" FROM pool_plan',
    );
    return row ?? { targets: [], schedule: [], changedAt: null };
  }

  /** Replaces the whole plan, and records it in the audit trail. */
  async replacePlan({ targets, schedule }: PoolPlan, actor: string): Promise<void> {
    await this.database.transaction(async (statements) => {
      await statements.query(
        `INSERT INTO pool_plan (targets, schedule, changed_at) VALUES ($1::jsonb, $2::jsonb, statement_timestamp())
         ON CONFLICT (id) DO UPDATE
           SET targets = excluded.targets, schedule = excluded.schedule, changed_at = excluded.changed_at`,
        [JSON.stringify(targets), JSON.stringify(schedule)],
      );
      await auditChange(statements, { actor, action: 'change-pool', sessionId: '' });
    });
  }

  /** The pool by sets of products: those that are in the plan, or of which there are sets. */
  async levels({ maxAgeS, minLifeS }: PoolLimits): Promise<PoolLevel[]> {
    const limits = { maxAgeS: '$1', minLifeS: '$2' };
    const rows = await this.database.query<PoolLevel & { planned: boolean }>(
      `SELECT k.products, p.products IS NOT NULL AS planned, COALESCE(p.target, 0) AS target,
              (SELECT count(*)::int FROM pool_sets p WHERE p.products = k.products AND ${mayBeTaken(limits)}) AS level,
              (SELECT COALESCE(sum(cardinality(r.ids)), 0)::int FROM pool_reservations r
               WHERE r.products = k.products AND r.held_until > statement_timestamp()) AS minting,
              (SELECT extract(epoch FROM statement_timestamp() - p.minted_at)::float8 FROM pool_sets p
               WHERE p.products = k.products AND ${mayBeTaken(limits)} ORDER BY p.minted_at LIMIT 1) AS "oldestS"
       FROM ${KINDS} k (products) LEFT JOIN (${PLANNED}) p ON p.products = k.products
       ORDER BY k.products`,
      [maxAgeS, minLifeS],
    );
    return rows
      .filter(({ planned, level, minting }) => planned || level > 0 || minting > 0)
      .map(({ planned: _, ...level }) => level);
  }

  /** The sets of products of which there is a set that may be taken. */
  async kindsReady({ maxAgeS, minLifeS }: PoolLimits): Promise<SessionProduct[][]> {
    const rows = await this.database.query<{ products: SessionProduct[] }>(
      // The first one by the index: an EXISTS would scan the whole table if it expects to find one soon.
      `SELECT k.products FROM ${KINDS} k (products) WHERE (
         SELECT true FROM pool_sets p
         WHERE p.products = k.products AND ${mayBeTaken({ maxAgeS: '$1', minLifeS: '$2' })}
         ORDER BY p.minted_at LIMIT 1)`,
      [maxAgeS, minLifeS],
    );
    return rows.map(({ products }) => products);
  }

  /** Deletes a batch of the sets that may no longer be taken, and returns how many, by reason. */
  async discard({ maxAgeS, minLifeS }: PoolLimits): Promise<Record<PoolDiscard, number>> {
    return this.database.transaction(async (statements) => {
      await statements.query(USE_INDEXES);
      const old = await statements.query(
        `DELETE FROM pool_sets WHERE ctid = ANY(ARRAY(
           SELECT d.ctid FROM ${KINDS} k (products) CROSS JOIN LATERAL (
             SELECT p.ctid FROM pool_sets p
             WHERE p.products = k.products AND p.minted_at <= statement_timestamp() - make_interval(secs => $1)
             ORDER BY p.minted_at LIMIT ${String(POOL_BATCH)} FOR UPDATE SKIP LOCKED) d
           LIMIT ${String(POOL_BATCH)}))
         RETURNING 1`,
        [maxAgeS],
      );
      const shortLived = await statements.query(
        `DELETE FROM pool_sets WHERE ctid = ANY(ARRAY(
           SELECT d.ctid FROM pool_sets d
           WHERE d.expires_at <= statement_timestamp() + make_interval(secs => $1)
           ORDER BY d.expires_at LIMIT ${String(POOL_BATCH)} FOR UPDATE SKIP LOCKED))
         RETURNING 1`,
        [minLifeS],
      );
      return { old: old.length, 'short-lived': shortLived.length };
    });
  }
}
