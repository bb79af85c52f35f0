import type { PostgresAccess } from '@app/connections';
import { describeCause, StartupError } from '@app/kernel';
import { runMigrations } from 'bullmq';

/** Creates or updates BullMQ's tables (schema `bullmq`). Idempotent; BullMQ's lock makes concurrent runs safe. @throws StartupError that names the cause */
export async function migrateQueue(access: PostgresAccess): Promise<void> {
  const client = access.newClient({ connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    await runMigrations(client);
  } catch (error) {
    throw new StartupError(describeCause(access.place, error), { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}
