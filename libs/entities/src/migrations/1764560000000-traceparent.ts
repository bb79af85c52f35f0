import type { MigrationInterface, QueryRunner } from 'typeorm';
import { withoutQueueing } from './without-queueing.js';

/** The trace of the request that created a session, for jobs and webhooks to be linked to. Safe to repeat. */
export class Traceparent1764560000000 implements MigrationInterface {
  name = 'Traceparent1764560000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await withoutQueueing(runner, 'ALTER TABLE sessions ADD COLUMN IF NOT EXISTS traceparent text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions DROP COLUMN traceparent');
  }
}
