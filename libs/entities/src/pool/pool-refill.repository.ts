import type { PoolLimits, SessionProduct } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import type { Queryable } from '../database/queryable.js';
import { USE_INDEXES } from '../database/use-indexes.js';
import type { SealedToken } from '../sessions/publications.js';
import { REVIVE_AFTER_S } from '../sessions/session-transitions.js';
import { mayBeTaken, PLANNED } from '../sessions/pool.sql.js';

/** What the plan wants of one set of products, and how far it is. */
export interface PoolDemand {
  products: SessionProduct[];
  /** Of now. */
  target: number;
  /** Sets that may be taken, counted up to the target. */
  level: number;
  /** Sets that workers are minting, this one included. */
  minting: number;
  /** Until the target of these products changes, in ms; null if it never does. */
  changesInMs: number | null;
}

export interface PoolView {
  demands: PoolDemand[];
  /** Whether sessions have been waiting for CAS for longer than a run takes to begin. */
  sessionsWait: boolean;
}

/** The sets that a worker may mint. */
export interface Reserved {
  products: SessionProduct[];
  ids: string[];
}

/** A set that was minted. */
export interface MintedSet {
  id: string;
  products: SessionProduct[];
  endpoint: string;
  /** One for each product, all sealed with one key. */
  tokens: readonly SealedToken[];
}

/** A reservation that is not renewed is given up after this time, in s: its worker has crashed or hangs. */
export const HOLD_S = 15;

/** From when on a session counts as waiting, in s: a free worker takes it at once. */
const WAITING_AFTER_S = 1;

const DEMANDS = `
  SELECT d.products, d.target,
         1000 * extract(epoch FROM d.changes_at - statement_timestamp())::float8 AS "changesInMs",
         (SELECT count(*)::int FROM (
            SELECT FROM pool_sets p WHERE p.products = d.products AND ${mayBeTaken({ maxAgeS: '$1', minLifeS: '$2' })}
            LIMIT d.target) counted) AS level,
         (SELECT COALESCE(sum(cardinality(r.ids)), 0)::int FROM pool_reservations r
          WHERE r.products = d.products AND r.held_until > statement_timestamp()) AS minting
  FROM (${PLANNED}) d`;

/** Due 10 s after their creation, or after the backoff: an index finds those that could have begun. */
const SESSIONS_WAIT = `
  SELECT COALESCE((
    SELECT true FROM sessions s
    WHERE s.status = 'pending' AND s.due_at <= statement_timestamp() + make_interval(secs => $1)
      AND ${checked('s.deadline_at > statement_timestamp()')}
    ORDER BY s.due_at LIMIT 1
  ), false) AS "sessionsWait"`;

/**
 * Stores those sets that are still reserved. One that was stored before, since the call is repeated, is not stored again: it
 * may have been taken meanwhile.
 */
const STORE = `
  WITH input AS (
    SELECT i.* FROM jsonb_to_recordset($2::jsonb)
      AS i (id text, products text[], sealed text[], "keyId" text, "tokenExpiresAt" timestamptz[], endpoint text)
  ), held AS MATERIALIZED (
    SELECT r.products, r.ids FROM pool_reservations r
    WHERE r.worker = $1 AND r.products IN (SELECT products FROM input) AND r.held_until > statement_timestamp()
    FOR UPDATE
  ), stored AS (
    INSERT INTO pool_sets (id, products, sealed, key_id, token_expires_at, expires_at, cas_endpoint, minted_at)
    SELECT i.id, i.products, i.sealed, i."keyId", i."tokenExpiresAt",
           (SELECT min(e) FROM unnest(i."tokenExpiresAt") e), i.endpoint, statement_timestamp()
    FROM input i JOIN held h ON h.products = i.products AND i.id = ANY(h.ids)
    RETURNING id, products
  ), renewed AS (
    UPDATE pool_reservations r
    SET ids = ARRAY(SELECT id FROM unnest(h.ids) id WHERE id NOT IN (SELECT s.id FROM stored s))
    FROM held h WHERE r.worker = $1 AND r.products = h.products
  )
  SELECT id FROM stored
  UNION ALL
  SELECT i.id FROM input i
  WHERE EXISTS (SELECT FROM pool_sets p WHERE p.id = i.id) OR EXISTS (SELECT FROM sessions s WHERE s.id = i.id)`;

const RELEASE = `
  UPDATE pool_reservations r SET ids = ARRAY(SELECT id FROM unnest(r.ids) id WHERE id <> ALL($2::text[]))
  WHERE r.worker = $1 AND r.ids && $2::text[]`;

const RESERVE = `
  INSERT INTO pool_reservations AS r (worker, products, ids, held_until)
  VALUES ($1, $2::text[], $3::text[], statement_timestamp() + make_interval(secs => ${String(HOLD_S)}))
  ON CONFLICT (worker, products) DO UPDATE SET ids = r.ids || excluded.ids, held_until = excluded.held_until`;

/**
 * Keeps the pool at its targets, over all workers: what a worker is going to mint it reserves under a lock of the plan, and
 * counts what all others have reserved. A reservation that its worker no longer renews does not count.
 */
@Injectable()
export class PoolRefillRepository {
  private readonly stores = new Map<string, GroupCommit<MintedSet, boolean>>();

  constructor(private readonly database: Database) {}

  /** Renews the reservations of this worker, and tells what the plan wants. Without a plan it reads one row. */
  async view(worker: string, limits: PoolLimits): Promise<PoolView> {
    const demands = await this.database.transaction(async (statements) => {
      await statements.query(USE_INDEXES);
      await statements.query(
        `UPDATE pool_reservations SET held_until = statement_timestamp() + make_interval(secs => ${String(HOLD_S)})
         WHERE worker = $1 AND held_until > statement_timestamp()`,
        [worker],
      );
      return readDemands(statements, limits);
    });
    if (demands.length === 0) return { demands, sessionsWait: false };
    const [row] = await this.database.query<{ sessionsWait: boolean }>(SESSIONS_WAIT, [
      REVIVE_AFTER_S - WAITING_AFTER_S,
    ]);
    return { demands, sessionsWait: row?.sessionsWait === true };
  }

  /**
   * Reserves sets that are missing, at most `atMost`, shared among the products. Of concurrent workers each sees what the
   * others have reserved, so that together they do not mint more than is missing.
   *
   * @param newId generates the id of a future session
   */
  async reserve(worker: string, limits: PoolLimits, atMost: number, newId: () => string): Promise<Reserved[]> {
    return this.database.transaction(async (statements) => {
      await statements.query(USE_INDEXES);
      // Lock, then read: the counts below are those after all earlier reservations.
      await statements.query('SELECT FROM pool_plan FOR UPDATE');
      await statements.query('DELETE FROM pool_reservations WHERE held_until <= statement_timestamp()');
      const reserved = shares(await readDemands(statements, limits), atMost).map(({ products, sets }) => ({
        products,
        ids: Array.from({ length: sets }, newId),
      }));
      for (const { products, ids } of reserved) await statements.query(RESERVE, [worker, products, ids]);
      return reserved;
    });
  }

  /**
   * Adds a set to the pool, under the id that was reserved for it. Idempotent, so a call whose commit is uncertain can be
   * repeated.
   *
   * @returns false if it was no longer reserved: the worker was taken for dead
   */
  store(worker: string, set: MintedSet): Promise<boolean> {
    let group = this.stores.get(worker);
    if (group === undefined) {
      group = new GroupCommit({ run: (sets) => this.storeAll(worker, sets), maxInFlight: 1 });
      this.stores.set(worker, group);
    }
    return group.submit(set);
  }

  /** Gives up reserved sets that were not minted. */
  async release(worker: string, ids: readonly string[]): Promise<void> {
    await this.database.query(RELEASE, [worker, ids]);
  }

  /** Gives up all reservations of a worker that stops. */
  async releaseAll(worker: string): Promise<void> {
    await this.database.query('DELETE FROM pool_reservations WHERE worker = $1', [worker]);
  }

  private async storeAll(worker: string, sets: readonly MintedSet[]): Promise<boolean[]> {
    const input = sets.map(({ id, products, endpoint, tokens }) => {
      const inOrder = products.map((product) => tokens.find((token) => token.product === product));
      return {
        ...{ id, products, endpoint, keyId: inOrder[0]?.keyId },
        sealed: inOrder.map((token) => token?.sealed),
        tokenExpiresAt: inOrder.map((token) => token?.expiresAt),
      };
    });
    const rows = await this.database.query<{ id: string }>(STORE, [worker, JSON.stringify(input)]);
    const stored = new Set(rows.map(({ id }) => id));
    return sets.map(({ id }) => stored.has(id));
  }
}

async function readDemands(statements: Queryable, { maxAgeS, minLifeS }: PoolLimits): Promise<PoolDemand[]> {
  return statements.query<PoolDemand>(DEMANDS, [maxAgeS, minLifeS]);
}

/** Shares `atMost` among what is missing, one after the other in turn. */
function shares(demands: readonly PoolDemand[], atMost: number): { products: SessionProduct[]; sets: number }[] {
  const open = demands
    .map(({ products, target, level, minting }) => ({ products, missing: target - level - minting, sets: 0 }))
    .filter(({ missing }) => missing > 0);
  let left = atMost;
  for (const [n, one] of open.toSorted((a, b) => a.missing - b.missing).entries()) {
    one.sets = Math.min(one.missing, Math.ceil(left / (open.length - n)));
    left -= one.sets;
  }
  return open.filter(({ sets }) => sets > 0);
}
