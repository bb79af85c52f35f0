import { type Environment, migrateTopics, readSettings } from '@app/config';
import { migrateSchema } from '@app/entities';
import { migrateQueue } from '@app/queue';

/**
 * Brings both schemas up to date. The queue's comes first: processes wait for ours, so that whoever sees ours has both.
 * Safe to run twice, and by two at once.
 */
export async function migrate(environment: Environment): Promise<void> {
  const { database } = readSettings(migrateTopics, environment);
  process.stdout.write('migrate: the queue’s schema …\n');
  await migrateQueue(database.url);
  process.stdout.write('migrate: our schema …\n');
  const ran = await migrateSchema(database.url);
  process.stdout.write(ran.length === 0 ? 'migrate: nothing to do\n' : `migrate: done, ${ran.join(', ')}\n`);
}
