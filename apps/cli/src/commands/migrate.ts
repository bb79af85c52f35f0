import { migrateNamespaces, processEnvironment, readSettings } from '@app/config';
import { PostgresAccess } from '@app/connections';
import { migrateSchema } from '@app/entities';
import { migrateQueue } from '@app/queue';
import type { Command } from 'commander';

export function addMigrate(program: Command): void {
  program.command('migrate').description('migrate the database schema and the queue schema').action(migrate);
}

/**
 * The queue schema is migrated first: processes wait for the application schema, so that they find both. Idempotent,
 * and safe to run concurrently.
 */
async function migrate(): Promise<void> {
  const { database } = readSettings(migrateNamespaces, processEnvironment());
  const access = new PostgresAccess({ url: database.url });
  process.stdout.write('migrate: queue schema …\n');
  await migrateQueue(access);
  process.stdout.write('migrate: application schema …\n');
  const ran = await migrateSchema(access);
  process.stdout.write(ran.length === 0 ? 'migrate: already up to date\n' : `migrate: done, ${ran.join(', ')}\n`);
}
