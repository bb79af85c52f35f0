import { describe, expect, it } from '@jest/globals';
import { statementSummary } from './statement-summary.js';

describe('the summary of a statement', () => {
  it.each([
    ['SELECT 1 FROM sessions WHERE id = ANY($1) ORDER BY id FOR UPDATE', 'SELECT', 'sessions'],
    ['SELECT ARRAY(SELECT p FROM unnest(s.products) p) FROM sessions s', 'SELECT', 'sessions'],
    ['SELECT pg_notify($1, $2)', 'SELECT', ''],
    ['\n  WITH made AS (\n    INSERT INTO sessions (id) SELECT i.id FROM jsonb_to_recordset($1)', 'INSERT', 'sessions'],
    ['UPDATE sessions s SET due_at = now() WHERE id = $1 FOR UPDATE SKIP LOCKED', 'UPDATE', 'sessions'],
    ['SELECT d.ctid FROM seats d FOR UPDATE SKIP LOCKED', 'SELECT', 'seats'],
    ['DELETE FROM idempotency_keys WHERE true', 'DELETE', 'idempotency_keys'],
    ['SET LOCAL enable_seqscan = off', 'SET', ''],
  ])('names what it changes, or else what it reads: %s', (sql, operation, table) => {
    expect(statementSummary(sql)).toEqual({ operation, table });
  });
});
