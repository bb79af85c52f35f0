import { runMigrations } from 'bullmq';
import { Client } from 'pg';

/** Creates or updates BullMQ's tables (schema `bullmq`). Idempotent; BullMQ's lock makes concurrent runs safe. */
export async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}
