import type { FailureCode, Product, RunNote } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { BatchLoader } from '../database/batch-loader.js';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { EVENT_COLUMNS, recordEvents } from '../webhooks/outbox.js';
import { notifyChanged } from './notify-sessions-changed.js';
import { type IssuedTokens, MAY_PUBLISH, type Publication, Publications, releaseTokens } from './publications.js';

export interface MintTask {
  products: Product[];
  /** Products without a published token. */
  missing: Product[];
  /** The CAS endpoint that issued the published tokens; null if there are none. */
  endpoint: string | null;
  /** The user whose chat token it is; null for a session. Not for logs. */
  chatSubject: string | null;
  /** Failed attempts so far, which determine the backoff. */
  attempts: number;
  /** Remaining backoff before CAS may be called for this session, in ms. */
  waitMs: number;
  /** The trace of the request that created the session; null if there is none. */
  traceparent: string | null;
}

/** The delay before the next call of CAS. */
export interface Postponement {
  waitMs: number;
  /** Whether it was an attempt: only these increase the backoff. */
  counted: boolean;
  code: FailureCode | null;
  /** Of the run, for the timeline. */
  notes?: readonly RunNote[];
}

interface Rejection {
  id: string;
  code: FailureCode;
  notes: readonly RunNote[];
}

const IS_PENDING = checked(`s.status = 'pending'`);

const TASKS = `
  SELECT s.id, s.products, s.cas_endpoint AS endpoint,
         ARRAY(SELECT p FROM unnest(s.products) p
                     WHERE NOT EXISTS (SELECT FROM session_tokens t WHERE t.session_id = s.id AND t.product = p)) AS missing,
         s.chat_subject AS "chatSubject", s.attempts, s.traceparent,
         COALESCE(GREATEST(0, ceil(1000 * extract(epoch FROM s.not_before - statement_timestamp()))), 0)::float8 AS "waitMs"
  FROM sessions s WHERE s.id = ANY($1) AND ${MAY_PUBLISH}`;

const POSTPONE = `
  UPDATE sessions s SET attempts = attempts + i.counted::int, failure_code = COALESCE(i.code, failure_code),
         not_before = statement_timestamp() + make_interval(secs => i."waitMs" / 1000.0),
         due_at = statement_timestamp() + make_interval(secs => i."waitMs" / 1000.0 + 10),
         timeline = timeline_append(s.timeline, i.notes)
  FROM jsonb_to_recordset($1::jsonb) AS i (id text, "waitMs" float8, counted boolean, code text, notes jsonb)
  WHERE s.id = i.id AND ${IS_PENDING}`;

const FAIL = `
  WITH failed AS (
    UPDATE sessions s SET status = 'failed', failure_code = i.code, version = version + 1, ended_at = statement_timestamp(),
           timeline = timeline_append(s.timeline, i.notes)
    FROM jsonb_to_recordset($1::jsonb) AS i (id text, code text, notes jsonb)
    WHERE s.id = i.id AND ${IS_PENDING} RETURNING ${EVENT_COLUMNS}
  ), recorded AS (${recordEvents('failed')})
  SELECT ARRAY(SELECT id FROM failed) AS failed, ${notifyChanged('failed')} AS notified`;

/** The reads and writes of minting runs; those that arrive together share a statement. */
@Injectable()
export class PublishingRepository {
  private readonly tasks: BatchLoader<MintTask>;
  private readonly publications: Publications;
  private readonly postponements: GroupCommit<Postponement & { id: string }, undefined>;
  private readonly failures: GroupCommit<Rejection, boolean>;

  constructor(private readonly database: Database) {
    this.tasks = new BatchLoader(async (ids) => {
      const rows = await database.query<MintTask & { id: string }>(TASKS, [ids]);
      return new Map(rows.map(({ id, ...task }) => [id, task]));
    });
    this.publications = new Publications(database);
    this.postponements = new GroupCommit({
      run: async (postponed) => {
        await database.query(POSTPONE, [JSON.stringify(postponed)]);
        return postponed.map(() => undefined);
      },
    });
    this.failures = new GroupCommit({
      run: async (failures) => {
        const [row] = await database.query<{ failed: string[] }>(FAIL, [JSON.stringify(failures)]);
        return failures.map(({ id }) => row?.failed.includes(id) === true);
      },
    });
  }

  /** The remaining work for a session; null if it is no longer pending or past its deadline. */
  task(id: string): Promise<MintTask | null> {
    return this.tasks.load(id);
  }

  /**
   * Publishes each token at most once. The transaction that publishes the last product makes the session ready.
   * Idempotent for the same tokens, so a call whose commit is uncertain can be repeated.
   */
  publish(id: string, issued: IssuedTokens, notes: readonly RunNote[] = []): Promise<Publication> {
    return this.publications.publish({ id, ...issued, notes });
  }

  /**
   * Deletes the published tokens of a pending session, since their CAS endpoint cannot issue the rest: no client has
   * received them. Returns how many, or null if the session is no longer pending, or its tokens are of another endpoint.
   */
  release(id: string, endpoint: string | null): Promise<number | null> {
    return this.database.transaction((statements) => releaseTokens(statements, id, endpoint));
  }

  /** Records the delay before the next call. */
  async postpone(id: string, postponement: Postponement): Promise<void> {
    await this.postponements.submit({ id, ...postponement });
  }

  /** `pending` → `failed`. Returns false if the session was no longer pending. */
  fail(id: string, code: FailureCode, notes: readonly RunNote[] = []): Promise<boolean> {
    return this.failures.submit({ id, code, notes });
  }
}
