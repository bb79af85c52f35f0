import type { DeliveryStatus, WebhookType } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { auditChange, type ChangedBy } from '../audit/audit.repository.js';
import { Database } from '../database/database.js';

/** One attempt, as its owner sees it. */
export interface AttemptRecord {
  at: Date;
  durationMs: number;
  /** Of the reply; null without one. */
  status: number | null;
  /** Why there was no reply. */
  error: string | null;
  /** The first KiB of the reply, escaped. */
  reply: string | null;
}

export interface DeliveryRecord {
  id: string;
  type: WebhookType;
  sessionId: string | null;
  status: DeliveryStatus;
  createdAt: Date;
  /** Null unless it is pending. */
  nextAttemptAt: Date | null;
  /** Oldest first. */
  attempts: AttemptRecord[];
}

/** A keyset cursor: creation time (ISO 8601, microseconds) and id of the last delivery of a page. */
export interface DeliveryPlace {
  createdAt: string;
  id: string;
}

export interface DeliveryFilter {
  endpointId: string;
  status?: DeliveryStatus | undefined;
  limit: number;
  after?: DeliveryPlace | undefined;
}

/** Deliveries per statement when many are replayed, and the most that one call replays. */
const REPLAY_BATCH = 1000;
const REPLAY_BATCHES = 10;

const PLACE = `to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The log of an endpoint's deliveries, and what its owner asks to be sent: pings and replays. */
@Injectable()
export class WebhookLogRepository {
  constructor(private readonly database: Database) {}

  /** Writes a `webhook.ping`, and returns its id. */
  async ping(endpointId: string): Promise<string> {
    const [row] = await this.database.query<{ id: string }>(
      `INSERT INTO webhook_deliveries (id, endpoint_id, type, payload, due_at, created_at)
       SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), $1::text, 'webhook.ping',
              json_build_object('type', 'webhook.ping', 'timestamp',
                to_char(t.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'data', json_build_object('webhook', $1::text)),
              t.now, t.now
       FROM (SELECT statement_timestamp() AS now) t RETURNING id`,
      [endpointId],
    );
    if (row === undefined) throw new Error('a ping was not inserted');
    return row.id;
  }

  /** A page of deliveries with all their attempts, newest first. */
  async list({ endpointId, status, limit, after }: DeliveryFilter): Promise<{
    deliveries: DeliveryRecord[];
    next: DeliveryPlace | null;
  }> {
    const rows = await this.database.query<DeliveryRecord & { place: string }>(
      `SELECT d.id, d.type, d.session_id AS "sessionId", d.status, d.created_at AS "createdAt", ${PLACE} AS place,
              CASE WHEN d.status = 'pending' THEN d.due_at END AS "nextAttemptAt",
              ARRAY(SELECT json_build_object('at', a.at, 'durationMs', a.duration_ms, 'status', a.status,
                                             'error', a.error, 'reply', a.reply)
                    FROM webhook_attempts a WHERE a.delivery_id = d.id ORDER BY a.attempt) AS attempts
       FROM webhook_deliveries d
       WHERE d.endpoint_id = $1 ${status === undefined ? '' : 'AND d.status = $5'}
         AND (d.created_at, d.id) < (COALESCE($3::timestamptz, 'infinity'), COALESCE($4, ''))
       ORDER BY d.created_at DESC, d.id DESC LIMIT $2`,
      [
        ...[endpointId, limit + 1, after?.createdAt ?? null, after?.id ?? null],
        ...(status === undefined ? [] : [status]),
      ],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      deliveries: page.map(({ place: _, attempts, ...delivery }) => ({
        ...delivery,
        attempts: attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at) })),
      })),
      next: rows.length > limit && last !== undefined ? { createdAt: last.place, id: last.id } : null,
    };
  }

  /** Sends a delivery again, under its id and from the start of the schedule. Returns false if it does not exist. */
  async replay(endpointId: string, id: string, by: ChangedBy): Promise<boolean> {
    return this.database.transaction(async (statements) => {
      const rows = await statements.query(
        `UPDATE webhook_deliveries SET status = 'pending', step = 0, due_at = statement_timestamp()
         WHERE id = $2 AND endpoint_id = $1 RETURNING 1`,
        [endpointId, id],
      );
      if (rows.length === 0) return false;
      await auditChange(statements, { ...by, action: 'replay-webhook', sessionId: id });
      return true;
    });
  }

  /**
   * Sends the deliveries since a time again, oldest first: those that failed, or all that are settled. At most 10,000.
   *
   * @returns how many, and from when on there may be more; null if there are none
   */
  async replaySince(
    endpointId: string,
    since: Date,
    only: 'failed' | 'all',
    by: ChangedBy,
  ): Promise<{ replayed: number; nextSince: Date | null }> {
    let from = since.toISOString();
    let replayed = 0;
    for (let batch = 0; batch < REPLAY_BATCHES; batch++) {
      const row = await this.replayBatch(endpointId, from, only, by);
      replayed += row?.count ?? 0;
      if (row === undefined || row.count < REPLAY_BATCH || row.last === null) return { replayed, nextSince: null };
      from = row.last;
    }
    return { replayed, nextSince: new Date(from) };
  }

  /** Audited under the id of the endpoint, with the number of deliveries. */
  private replayBatch(endpointId: string, from: string, only: 'failed' | 'all', by: ChangedBy) {
    return this.database.transaction(async (statements) => {
      const [row] = await statements.query<{ count: number; last: string | null }>(
        `WITH replayed AS (
           UPDATE webhook_deliveries SET status = 'pending', step = 0, due_at = statement_timestamp()
           WHERE ctid = ANY(ARRAY(
             SELECT d.ctid FROM webhook_deliveries d
             WHERE d.endpoint_id = $1 AND d.created_at >= $2 AND d.status ${only === 'all' ? "<> 'pending'" : "= 'failed'"}
             ORDER BY d.created_at, d.id LIMIT ${String(REPLAY_BATCH)} FOR UPDATE))
           RETURNING created_at
         )
         SELECT count(*)::int AS count, (SELECT max(${PLACE}) FROM replayed d) AS last FROM replayed`,
        [endpointId, from],
      );
      if (row !== undefined && row.count > 0)
        await auditChange(statements, { ...by, action: 'replay-webhook', sessionId: endpointId, count: row.count });
      return row;
    });
  }
}
