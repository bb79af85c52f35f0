import type { MigrationInterface, QueryRunner } from 'typeorm';
import { allowAuditActions, forbidAuditActions } from './audit-actions.js';

const ACTIONS = ['replay-webhook'];

/** Deliveries that are sent again stand in the audit trail. The previous release writes no such entry. Safe to repeat. */
export class ReplayAudit1764610000000 implements MigrationInterface {
  name = 'ReplayAudit1764610000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await allowAuditActions(runner, ACTIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await forbidAuditActions(runner, ACTIONS);
  }
}
