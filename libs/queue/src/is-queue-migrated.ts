import { assertSchemaCompatibility } from 'bullmq';
import { Client } from 'pg';

/** Whether BullMQ's tables exist and are compatible with this release. */
export async function isQueueMigrated(databaseUrl: string): Promise<boolean> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 3000, query_timeout: 3000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await assertSchemaCompatibility(client);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
