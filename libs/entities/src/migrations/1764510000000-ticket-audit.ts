import type { MigrationInterface, QueryRunner } from 'typeorm';
import { allowAuditActions, forbidAuditActions } from './audit-actions.js';

const ACTIONS = ['issue-ticket'];

/** The audit trail counts tickets that were issued. */
export class TicketAudit1764510000000 implements MigrationInterface {
  name = 'TicketAudit1764510000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await allowAuditActions(runner, ACTIONS);
  }

  /** Entries of tickets stay: the previous release reads them as well. */
  async down(runner: QueryRunner): Promise<void> {
    await forbidAuditActions(runner, ACTIONS);
  }
}
