import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Optional rate limit of an API key. The previous release neither reads nor writes it. */
export class ApiKeyRates1764100000000 implements MigrationInterface {
  name = 'ApiKeyRates1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE api_keys ADD COLUMN rate_per_s integer, ADD CONSTRAINT api_keys_rate_positive CHECK (rate_per_s > 0)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_keys DROP COLUMN rate_per_s');
  }
}
