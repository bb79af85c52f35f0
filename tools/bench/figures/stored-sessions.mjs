// Deployments with many sessions stored, each filled once and shared by figures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { step } from '../../steps.mjs';

const SCRIPT = readFileSync(join(import.meta.dirname, 'growth.sql'), 'utf8');
/** In a quick run. */
const QUICK_MOST = 200_000;

/** The product with its queue in Redis and this many sessions of the past. */
export async function productWithStored(lab, stored, { quick }) {
  const product = await lab.product('redis', `stored-${stored}`);
  const sessions = quick ? Math.min(stored, QUICK_MOST) : stored;
  await lab.once(`sessions of stored-${stored}`, async () => {
    await step(`${sessions.toLocaleString('en-US')} stored sessions`, () => fill(product, sessions), { slow: true });
    return { stop: () => undefined };
  });
  return product;
}

async function fill(product, sessions) {
  await runScript(product, SCRIPT.replaceAll(':sessions', String(sessions)));
}

/** One statement after the other: VACUUM does not run in the transaction of a batch. */
export async function runScript(product, script) {
  const client = new pg.Client(product.databaseUrl);
  await client.connect();
  const statements = script.replaceAll(/^--.*\n/gm, '').split(/;\n/);
  for (const statement of statements.filter((text) => text.trim() !== '')) await client.query(statement);
  await client.end();
}
