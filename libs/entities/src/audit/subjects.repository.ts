import { ERASED_USER } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** The number of rows that contained the user. */
export interface Erased {
  sessions: number;
  /** Deleted, with their tokens. */
  chatTokens: number;
  idempotencyKeys: number;
  auditEntries: number;
  seats: number;
}

/** How caller ids of persons begin: users of an identity provider, and holders of tickets. */
const KINDS = ['user:', 'ticket:'] as const;

const BATCH = 1000;
/** Rows scanned per statement where no index covers the user. */
const LOOKED_AT = 5000;

/**
 * Removes a user, or a holder of tickets, from all rows. Each batch commits separately, so an interrupted call can be repeated to complete it.
 * Audit entries are kept, without the user.
 */
@Injectable()
export class SubjectsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Chat tokens have no issuer: those of the subject are deleted whatever the issuer, since the next open makes another.
   *
   * @param issuer issuer of the subject, or the id of the API key that issued tickets to it; null for any
   */
  async erase(subject: string, issuer: string | null): Promise<Erased> {
    return {
      chatTokens: await this.deleteChatTokens(subject),
      sessions: await this.eraseFromSessions(subject, issuer),
      idempotencyKeys: await this.deleteIdempotencyKeys(subject, issuer),
      auditEntries: await this.eraseFromAudit(subject, issuer),
      seats: await this.deleteSeats(subject, issuer),
    };
  }

  /** There is no index on the subjects of those that have ended, so all chat tokens are scanned, in id order. */
  private async deleteChatTokens(subject: string): Promise<number> {
    let deleted = 0;
    for (let last: string | null = ''; last !== null;) {
      const [batch]: { last: string | null; deleted: number }[] = await this.database.query(
        `WITH batch AS (SELECT id FROM sessions WHERE id > $2 AND id < 'ses_' ORDER BY id LIMIT ${String(LOOKED_AT)}),
              deleted AS (DELETE FROM sessions s USING batch WHERE s.id = batch.id AND s.chat_subject = $1 RETURNING 1)
         SELECT (SELECT max(id) FROM batch) AS last, (SELECT count(*)::int FROM deleted) AS deleted`,
        [subject, last],
      );
      last = batch?.last ?? null;
      deleted += batch?.deleted ?? 0;
    }
    return deleted;
  }

  /** There is no index on the creator, so all sessions are scanned, in id order. */
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

  /** They can be deleted, since they are at most 24 hours old and their owner no longer exists. */
  private async deleteIdempotencyKeys(subject: string, issuer: string | null): Promise<number> {
    return this.untilNoneIsLeft(
      `DELETE FROM idempotency_keys WHERE (caller, key) IN (
         SELECT k.caller, k.key FROM idempotency_keys k WHERE ${isPerson('k.caller')}
         LIMIT ${String(BATCH)} FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [subject, issuer],
    );
  }

  /** Their names are personal data. They are few: a seat that is not renewed lapses within a minute. */
  private async deleteSeats(subject: string, issuer: string | null): Promise<number> {
    return this.untilNoneIsLeft(
      `DELETE FROM seats WHERE id IN (
         SELECT s.id FROM seats s WHERE ${isPerson('s.taken_by')} LIMIT ${String(BATCH)} FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [subject, issuer],
    );
  }

  /** Entries are never updated: each is deleted and inserted again without the user, in one statement. */
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
      [issuers.flatMap((one) => KINDS.map((kind) => `${kind}${one}#${subject}`)), ERASED_USER],
    );
  }

  private async issuersInAudit(): Promise<string[]> {
    const issuers = await Promise.all(KINDS.map((kind) => this.issuersOf(kind)));
    return [...new Set(issuers.flat())];
  }

  /** Skips through the index with one lookup per issuer, since issuers are few and persons many. */
  private async issuersOf(kind: string): Promise<string[]> {
    const issuers: string[] = [];
    // ; is the byte after : that ends every kind.
    for (let behind = kind, end = kind.replace(':', ';'); ;) {
      const [row] = await this.database.query<{ actor: string }>(
        `SELECT actor FROM audit_entries WHERE actor > $1 AND actor < $3 AND actor <> $2 ORDER BY actor LIMIT 1`,
        [behind, ERASED_USER, end],
      );
      if (row === undefined) return issuers;
      const issuer = row.actor.slice(kind.length, row.actor.indexOf('#'));
      issuers.push(issuer);
      // $ is the byte after #, so this is greater than every person of the issuer.
      behind = `${kind}${issuer}$`;
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
 * SQL condition that a caller id belongs to this person: the subject is `$1`, the issuer `$2` or null. An issuer contains
 * no #, so the first one separates it from the subject.
 */
function isPerson(column: string): string {
  const cut = `strpos(${column}, '#')`;
  const ofKind = (kind: string) =>
    `(starts_with(${column}, '${kind}') AND ($2::text IS NULL OR left(${column}, ${cut}) = '${kind}' || $2 || '#'))`;
  return `(${cut} > 0 AND substr(${column}, ${cut} + 1) = $1 AND (${KINDS.map(ofKind).join(' OR ')}))`;
}
