import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, dropIndex } from './create-index.js';

/** Finds the seats of one caller in a session, which are counted for each seat that a person takes. */
export class SeatsByCaller1764541000000 implements MigrationInterface {
  name = 'SeatsByCaller1764541000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await createIndex(runner, 'seats', 'seats_by_caller', '(session_id, taken_by)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropIndex(runner, 'seats_by_caller');
  }
}
