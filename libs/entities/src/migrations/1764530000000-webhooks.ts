import type { MigrationInterface, QueryRunner } from 'typeorm';
import { allowAuditActions, forbidAuditActions } from './audit-actions.js';
import { createIndex, dropIndex } from './create-index.js';
import { withoutQueueing } from './without-queueing.js';

const ACTIONS = ['change-webhook'];

/**
 * Webhooks, and the announcement of expiry. The previous release writes no events, and announces nothing. Safe to repeat
 * after an interruption.
 *
 * Deliveries have no foreign key to their endpoint: deleting one would delete all of them in one statement. They are
 * deleted by their age.
 */
export class Webhooks1764530000000 implements MigrationInterface {
  name = 'Webhooks1764530000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_endpoints (
        id text NOT NULL,
        url text NOT NULL,
        types text[] NOT NULL,
        room_prefix text,
        description text,
        include_metadata boolean NOT NULL DEFAULT false,
        disabled_reason text,
        failing_since timestamptz,
        secret_sealed text NOT NULL,
        secret_key_id text NOT NULL,
        previous_sealed text,
        previous_key_id text,
        previous_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_endpoints_reason_known CHECK (disabled_reason IN ('owner', 'gone', 'failing'))
      )`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_deliveries (
        id text NOT NULL,
        endpoint_id text NOT NULL,
        type text NOT NULL,
        session_id text,
        payload json NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        attempts integer NOT NULL DEFAULT 0,
        step integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('pending', 'delivered', 'failed'))
      )`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_attempts (
        delivery_id text NOT NULL,
        attempt integer NOT NULL,
        at timestamptz NOT NULL,
        duration_ms integer NOT NULL,
        status integer,
        error text,
        reply text,
        CONSTRAINT webhook_attempts_pkey PRIMARY KEY (delivery_id, attempt),
        CONSTRAINT webhook_attempts_delivery_fkey FOREIGN KEY (delivery_id)
          REFERENCES webhook_deliveries (id) ON DELETE CASCADE
      )`);
    const deliveries = 'webhook_deliveries';
    await createIndex(runner, deliveries, 'webhook_deliveries_due', `(endpoint_id, due_at) WHERE status = 'pending'`);
    await createIndex(runner, deliveries, 'webhook_deliveries_newest', '(endpoint_id, created_at, id)');
    await createIndex(runner, deliveries, 'webhook_deliveries_by_status', '(endpoint_id, status, created_at, id)');
    await createIndex(runner, deliveries, 'webhook_deliveries_age', '(created_at)');
    await withoutQueueing(runner, 'ALTER TABLE sessions ADD COLUMN IF NOT EXISTS expiry_announced boolean');
    await createIndex(
      runner,
      'sessions',
      'sessions_unannounced',
      `(expires_at) WHERE status = 'ready' AND expiry_announced IS NULL`,
    );
    await allowAuditActions(runner, ACTIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await forbidAuditActions(runner, ACTIONS);
    await dropIndex(runner, 'sessions_unannounced');
    await runner.query('ALTER TABLE sessions DROP COLUMN expiry_announced');
    await runner.query('DROP TABLE webhook_attempts, webhook_deliveries, webhook_endpoints');
  }
}
