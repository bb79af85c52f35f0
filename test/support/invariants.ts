import { expect } from '@jest/globals';
import { KeyRing } from '@app/sealing';
import type { Product } from '@app/kernel';
import { fingerprint } from './cas-sandbox.js';
import type { TestDeployment } from './test-deployment.js';

interface Row {
  id: string;
  room: string | null;
  status: string;
  products: Product[];
  tokens: { product: Product; sealed: string | null }[];
  overdue: boolean;
  [column: string]: unknown;
}

/**
 * I1 to I5 of the design, asked of the database, of the ledger of the CAS stand-in, and of the client's own list of
 * accepted sessions. Call it when the deployment is quiet.
 */
export async function expectInvariants(deployment: TestDeployment, accepted: Iterable<string>): Promise<void> {
  const rows = await deployment.database.rows<Row>(`
    SELECT s.id, s.room, s.status, s.products, s.deadline_at < now() AS overdue,
           COALESCE((SELECT json_agg(json_build_object('product', t.product, 'sealed', t.sealed))
                     FROM session_tokens t WHERE t.session_id = s.id), '[]') AS tokens
    FROM sessions s`);
  const byId = new Map(rows.map((row) => [row.id, row]));

  // I1: a session that was acknowledged with 2xx can be read.
  expect([...accepted].filter((id) => !byId.has(id))).toEqual([]);
  // I2: nothing stays pending beyond its deadline.
  expect(rows.filter((row) => row.status === 'pending' && row.overdue)).toEqual([]);
  // I3: at most one live session per room; a ready one has exactly its tokens, an ended one none that can be read.
  const live = rows.filter((row) => row.room !== null && ['pending', 'ready', 'failed'].includes(row.status));
  expect(new Set(live.map((row) => row.room)).size).toBe(live.length);
  for (const row of rows) {
    const readable = row.tokens.filter((token) => token.sealed !== null).map((token) => token.product);
    if (row.status === 'ready') expect(readable.sort()).toEqual([...row.products].sort());
    if (row.status === 'closed' || row.status === 'expired') expect(readable).toEqual([]);
  }
  await expectHonestTokens(deployment, rows);
  await expectWrittenDown(deployment, rows);
}

/** The audit trail knows who made each session, and who closed each closed one; once, and nothing that was not done. */
async function expectWrittenDown(deployment: TestDeployment, rows: Row[]): Promise<void> {
  const entries = await deployment.database.rows<{ id: string; actions: string }>(
    `SELECT session_id AS id, string_agg(action, ' ' ORDER BY at) AS actions FROM audit_entries
     WHERE action IN ('create', 'close') GROUP BY session_id`,
  );
  const actions = new Map(entries.map((entry) => [entry.id, entry.actions]));
  const wrong = rows
    .map(({ id, status }) => ({ id, status, written: actions.get(id) }))
    .filter(({ status, written }) => written !== (status === 'closed' ? 'create close' : 'create'));
  expect(wrong).toEqual([]);
}

/** Every readable token was issued by CAS, for its product, and no two sessions share one. */
async function expectHonestTokens(deployment: TestDeployment, rows: Row[]): Promise<void> {
  const ring = new KeyRing(
    deployment.sealingKeys.split(',').map((entry) => {
      const [id = '', key = ''] = entry.split(':');
      return { id, key: Buffer.from(key, 'base64') };
    }),
  );
  const issued = new Map((await deployment.cas.journal()).map((call) => [call.tokenFingerprint, call.product]));
  const seen = new Set<string>();
  for (const row of rows) {
    for (const { product, sealed } of row.tokens) {
      if (sealed === null) continue;
      const token = ring.open(sealed, { sessionId: row.id, product });
      expect(sealed).not.toContain(token.slice(0, 20));
      const print = fingerprint(token);
      expect(issued.get(print)).toBe(product);
      expect(seen.has(print)).toBe(false);
      seen.add(print);
    }
  }
}
