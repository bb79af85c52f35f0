import { migrateNamespaces, processEnvironment, readSettings } from '@app/config';
import { migrateSchema } from '@app/entities';
import { migrateQueue } from '@app/queue';
import type { Command } from 'commander';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('brings both schemas (this product’s and the queue’s) up to date')
    .action(migrate);
}

/**
 * The queue's schema comes first: processes wait for ours, so that whoever sees ours has both. Safe to run twice, and by
 * two at once.
 */
async function migrate(): Promise<void> {
  const { database } = readSettings(migrateNamespaces, processEnvironment());
  process.stdout.write('migrate: the queue’s schema …\n');
  await migrateQueue(database.url);
  process.stdout.write('migrate: our schema …\n');
  const ran = await migrateSchema(database.url);
  process.stdout.write(ran.length === 0 ? 'migrate: nothing to do\n' : `migrate: done, ${ran.join(', ')}\n`);
}
