import type { MigrationInterface, QueryRunner } from 'typeorm';
import { allowAuditActions, forbidAuditActions } from './audit-actions.js';

const ACTIONS = ['change-pool'];

/**
 * The warm pool: its plan (one row), the sets of tokens that were minted ahead, and those that workers are minting. Off
 * until it has a plan. The previous release leaves it alone. Safe to repeat after an interruption.
 */
export class Pool1764600000000 implements MigrationInterface {
  name = 'Pool1764600000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS pool_plan (
        id boolean NOT NULL DEFAULT true,
        targets jsonb NOT NULL DEFAULT '[]',
        schedule jsonb NOT NULL DEFAULT '[]',
        changed_at timestamptz,
        CONSTRAINT pool_plan_pkey PRIMARY KEY (id),
        CONSTRAINT pool_plan_one_row CHECK (id)
      )`);
    await runner.query('INSERT INTO pool_plan DEFAULT VALUES ON CONFLICT DO NOTHING');
    await runner.query(`
      CREATE TABLE IF NOT EXISTS pool_sets (
        id text NOT NULL,
        products text[] NOT NULL,
        sealed text[] NOT NULL,
        key_id text NOT NULL,
        token_expires_at timestamptz[] NOT NULL,
        expires_at timestamptz NOT NULL,
        cas_endpoint text NOT NULL,
        minted_at timestamptz NOT NULL,
        CONSTRAINT pool_sets_pkey PRIMARY KEY (id),
        CONSTRAINT pool_sets_products_known CHECK (products <@ '{stream,sync}'),
        CONSTRAINT pool_sets_complete
          CHECK (cardinality(products) > 0 AND cardinality(sealed) = cardinality(products)
                 AND cardinality(token_expires_at) = cardinality(products))
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS pool_sets_oldest ON pool_sets (products, minted_at)');
    await runner.query('CREATE INDEX IF NOT EXISTS pool_sets_expiry ON pool_sets (expires_at)');
    await runner.query('CREATE INDEX IF NOT EXISTS pool_sets_by_key ON pool_sets (key_id, id)');
    await runner.query(`
      CREATE TABLE IF NOT EXISTS pool_reservations (
        worker text NOT NULL,
        products text[] NOT NULL,
        ids text[] NOT NULL,
        held_until timestamptz NOT NULL,
        CONSTRAINT pool_reservations_pkey PRIMARY KEY (worker, products)
      )`);
    await allowAuditActions(runner, ACTIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await forbidAuditActions(runner, ACTIONS);
    await runner.query('DROP TABLE pool_reservations, pool_sets, pool_plan');
  }
}
