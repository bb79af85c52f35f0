import type { PostgresAccess } from '@app/connections';
import { assertSchemaCompatibility } from 'bullmq';

/** Whether BullMQ's tables exist and are compatible with this release. */
export async function isQueueMigrated(access: PostgresAccess): Promise<boolean> {
  const client = access.newClient({ connectionTimeoutMillis: 3000, query_timeout: 3000 });
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
