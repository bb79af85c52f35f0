import type { MigrationInterface, QueryRunner } from 'typeorm';
import { withoutQueueing } from './without-queueing.js';

/** The CAS endpoint that issued a session's tokens: all of them come from one. Safe to repeat. */
export class CasEndpoint1764580000000 implements MigrationInterface {
  name = 'CasEndpoint1764580000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await withoutQueueing(runner, 'ALTER TABLE sessions ADD COLUMN IF NOT EXISTS cas_endpoint text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions DROP COLUMN cas_endpoint');
  }
}
