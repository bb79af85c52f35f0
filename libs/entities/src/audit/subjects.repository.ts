import { ERASED_USER } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How many rows named the person. */
export interface Erased {
  sessions: number;
  idempotencyKeys: number;
  auditEntries: number;
}

const BATCH = 1000;
/** Rows that one statement looks at, where no index leads to a person. */
const LOOKED_AT = 5000;

/**
 * Takes a person out of every row. Each batch is a statement of its own, and what is done stays done: after an
 * interruption the same call does the rest. What happened stays counted, under nobody's name.
 */
@Injectable()
export class SubjectsRepository {
  constructor(private readonly database: Database) {}

  /** @param issuer whose subject it is; null: of any issuer */
  async erase(subject: string, issuer: string | null): Promise<Erased> {
    return {
      sessions: await this.eraseFromSessions(subject, issuer),
      idempotencyKeys: await this.deleteIdempotencyKeys(subject, issuer),
      auditEntries: await this.eraseFromAudit(subject, issuer),
    };
  }

  /** Sessions are not found by their creator, so all are looked at, in the order of their ids. */
  private async eraseFromSessions(subject: string, issuer: string | null): Promise<number> {
    let erased = 0;
    for (let last: string | null = ''; last !== null;) {
      const [batch]: { last: string | null; erased: number }[] = await this.database.query(
        `WITH batch AS (SELECT id FROM sessions WHERE id > $3 ORDER BY id LIMIT ${String(LOOKED_AT)}),
              erased AS (UPDATE sessions s SET created_by = $4 FROM batch
                         WHERE s.id = batch.id AND ${isPerson('s.created_by')} RETURNING 1)
         SELECT (SELECT max(id) FROM batch) AS last, (SELECT count(*)::int FROM erased) AS erased`,
        [subject, issuer, last, ERASED_USER],
      );
      last = batch?.last ?? null;
      erased += batch?.erased ?? 0;
    }
    return erased;
  }

  /** Of a day at most, and nobody is left to whom they could belong. */
  private async deleteIdempotencyKeys(subject: string, issuer: string | null): Promise<number> {
    return this.untilNoneIsLeft(
      `DELETE FROM idempotency_keys WHERE (caller, key) IN (
         SELECT k.caller, k.key FROM idempotency_keys k WHERE ${isPerson('k.caller')}
         LIMIT ${String(BATCH)} FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [subject, issuer],
    );
  }

  /** Entries are never changed: each is deleted and, in the same statement, added again without the person. */
  private async eraseFromAudit(subject: string, issuer: string | null): Promise<number> {
    const issuers = issuer === null ? await this.issuersInAudit() : [issuer];
    return this.untilNoneIsLeft(
      `WITH gone AS (
         DELETE FROM audit_entries WHERE id IN (
           SELECT a.id FROM audit_entries a WHERE a.actor = ANY($1)
           LIMIT ${String(BATCH)} FOR UPDATE SKIP LOCKED)
         RETURNING at, action, session_id, count)
       INSERT INTO audit_entries (id, at, actor, action, session_id, count)
       SELECT gen_random_uuid(), at, $2, action, session_id, count FROM gone
       RETURNING 1`,
      [issuers.map((one) => `user:${one}#${subject}`), ERASED_USER],
    );
  }

  /** Few, though their persons are many: the index is entered once for each, behind the last person of the one before. */
  private async issuersInAudit(): Promise<string[]> {
    const issuers: string[] = [];
    for (let behind = 'user:'; ;) {
      const [row] = await this.database.query<{ actor: string }>(
        `SELECT actor FROM audit_entries WHERE actor > $1 AND actor < 'user;' AND actor <> $2 ORDER BY actor LIMIT 1`,
        [behind, ERASED_USER],
      );
      if (row === undefined) return issuers;
      const issuer = row.actor.slice('user:'.length, row.actor.indexOf('#'));
      issuers.push(issuer);
      // In the order of bytes $ comes right after #.
      behind = `user:${issuer}$`;
    }
  }

  private async untilNoneIsLeft(sql: string, parameters: readonly unknown[]): Promise<number> {
    let done = 0;
    for (;;) {
      const { length } = await this.database.query(sql, parameters);
      done += length;
      if (length === 0) return done;
    }
  }
}

/**
 * Whether a caller id is this person's, in SQL: the subject is `$1`, the issuer `$2` or null. Issuers hold no #, so the
 * first one ends the issuer, and whatever follows is the subject.
 */
function isPerson(column: string): string {
  const cut = `strpos(${column}, '#')`;
  return `(${cut} > 0 AND substr(${column}, ${cut} + 1) = $1 AND starts_with(${column}, 'user:')
           AND ($2::text IS NULL OR left(${column}, ${cut}) = 'user:' || $2 || '#'))`;
}
