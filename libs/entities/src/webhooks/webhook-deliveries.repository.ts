import type { DisabledReason, WebhookType } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { tracing } from '@app/tracing';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { CLAIM, DUE_ENDPOINTS, SETTLE } from './webhook-deliveries.sql.js';

/** A delivery that this process attempts now, with what it takes. */
export interface ClaimedDelivery {
  id: string;
  endpointId: string;
  type: WebhookType;
  /** The body of the request. */
  payload: object;
  /** Attempts since the event or its last replay. */
  step: number;
  url: string;
  /** The end of the lease, which identifies this claim. */
  lease: string;
  secret: string;
  /** The replaced secret, while it signs too; sealed like the other one. */
  previousSecret: string | null;
  /** The trace of the request that created the session; null if there is none, or if traces are off. */
  traceparent: string | null;
}

/** How an attempt ended, and what comes next. */
export interface SettledAttempt {
  id: string;
  endpointId: string;
  /** As claimed: of an endpoint with another URL by now the result says nothing. */
  url: string;
  /** As claimed: a delivery that was replayed or claimed again meanwhile keeps its schedule. */
  lease: string;
  durationMs: number;
  status: number | null;
  error: string | null;
  reply: string | null;
  outcome: 'delivered' | 'retry' | 'failed';
  /** Until the next attempt, in s; 0 if there is none. */
  waitS: number;
  /** The receiver wants no more events (410). */
  gone: boolean;
}

interface Claim {
  endpointId: string;
  /** Most deliveries. */
  n: number;
  leaseS: number;
}

/** After this many days of failures alone an endpoint is disabled. */
export const FAILING_DAYS = 5;

const PURGE_BATCH = 1000;

/**
 * Deliveries of all endpoints, for workers. What many endpoints claim and settle at one time shares a statement, one at a
 * time of each: two connections at most, however much is delivered, and the others are left to minting.
 */
@Injectable()
export class WebhookDeliveriesRepository {
  private readonly claims: GroupCommit<Claim, ClaimedDelivery[]>;
  private readonly attempts: GroupCommit<SettledAttempt, DisabledReason | null>;

  constructor(private readonly database: Database) {
    this.claims = new GroupCommit({
      maxInFlight: 1,
      run: async (wanted) => {
        const rows = await database.query<ClaimedDelivery>(CLAIM, [
          JSON.stringify(wanted),
          Math.max(...wanted.map(({ leaseS }) => leaseS)),
          tracing() !== null,
        ]);
        return wanted.map(({ endpointId }, n) =>
          // Of two claims for one endpoint the first gets all.
          wanted.findIndex((one) => one.endpointId === endpointId) === n
            ? rows.filter((row) => row.endpointId === endpointId)
            : [],
        );
      },
    });
    this.attempts = new GroupCommit({
      maxInFlight: 1,
      run: async (settled) => {
        const disabled = await database.query<{ id: string; reason: DisabledReason }>(SETTLE, [
          JSON.stringify(settled),
          FAILING_DAYS,
        ]);
        const reasons = new Map(disabled.map(({ id, reason }) => [id, reason]));
        return settled.map(({ endpointId }) => {
          const reason = reasons.get(endpointId) ?? null;
          reasons.delete(endpointId);
          return reason;
        });
      },
    });
  }

  /** Enabled endpoints with a delivery that is due. */
  async dueEndpoints(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(DUE_ENDPOINTS);
    return rows.map(({ id }) => id);
  }

  /**
   * Takes up to `n` due deliveries of an endpoint. If this process does not settle them within `leaseS` they are due again:
   * a process that was killed loses none.
   */
  async claim(endpointId: string, n: number, leaseS: number): Promise<ClaimedDelivery[]> {
    return this.claims.submit({ endpointId, n, leaseS });
  }

  /**
   * Records an attempt. A delivery that another process has settled meanwhile stays as it is.
   *
   * @returns why its endpoint was disabled, if this attempt disabled it
   */
  async settle(attempt: SettledAttempt): Promise<DisabledReason | null> {
    return this.attempts.submit(attempt);
  }

  /** How long the oldest due delivery of an enabled endpoint has waited, in s; 0 if none is due. */
  async oldestDueS(): Promise<number> {
    const [row] = await this.database.query<{ age: number | null }>(
      `SELECT extract(epoch FROM statement_timestamp() - min(due.at))::float8 AS age
       FROM webhook_endpoints e CROSS JOIN LATERAL (
         SELECT d.due_at AS at FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending'
         ORDER BY d.due_at LIMIT 1) due
       WHERE e.disabled_reason IS NULL AND due.at <= statement_timestamp()`,
    );
    return row?.age ?? 0;
  }

  /** Deletes deliveries older than `retentionS` with their attempts, and replaced secrets; returns how many deliveries. */
  async purge(retentionS: number): Promise<number> {
    await this.database.query(
      `UPDATE webhook_endpoints SET previous_sealed = NULL, previous_key_id = NULL, previous_until = NULL
       WHERE previous_until <= statement_timestamp()`,
    );
    const rows = await this.database.query(
      `DELETE FROM webhook_deliveries WHERE ctid = ANY(ARRAY(
         SELECT d.ctid FROM webhook_deliveries d WHERE d.created_at <= statement_timestamp() - make_interval(secs => $1)
         ORDER BY d.created_at LIMIT ${String(PURGE_BATCH)} FOR UPDATE SKIP LOCKED))
       RETURNING 1`,
      [retentionS],
    );
    return rows.length;
  }
}
