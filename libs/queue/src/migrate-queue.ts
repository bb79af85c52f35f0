import { runMigrations } from 'bullmq';
import { Client } from 'pg';

/** Creates or updates BullMQ's own tables (schema `bullmq`). It takes a lock of its own; a second run changes nothing. */
export async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}
