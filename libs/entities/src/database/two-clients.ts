import type { PostgresAccess, PostgresClient } from '@app/connections';

const ANSWER_WITHIN_MS = 3000;

/** Connects twice, runs `work`, and disconnects. Rejects with the error of the driver. */
export async function withTwoClients<T>(
  access: PostgresAccess,
  work: (one: PostgresClient, other: PostgresClient) => Promise<T>,
): Promise<T> {
  const config = { connectionTimeoutMillis: ANSWER_WITHIN_MS, query_timeout: ANSWER_WITHIN_MS };
  const [one, other] = [access.newClient(config), access.newClient(config)];
  try {
    await one.connect();
    await other.connect();
    return await work(one, other);
  } finally {
    await Promise.all([one, other].map((client) => client.end().catch(() => undefined)));
  }
}
