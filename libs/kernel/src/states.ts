/**
 * The states of a session.
 *
 * `pending` → `ready` | `failed` | `closed`; `ready` → `expired` | `closed`; `failed` → `pending` (retry) | `closed`.
 * `closed` and `expired` are final.
 */
export const SESSION_STATUSES = ['pending', 'ready', 'failed', 'closed', 'expired'] as const;

export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** A live session occupies its room: a room has at most one. */
export const LIVE_STATUSES = ['pending', 'ready', 'failed'] as const satisfies SessionStatus[];

/** The permitted transitions. The SQL statements implement this table, and a property test checks them against it. */
export const TRANSITIONS: Record<SessionStatus, readonly SessionStatus[]> = {
  pending: ['ready', 'failed', 'closed'],
  ready: ['expired', 'closed'],
  failed: ['pending', 'closed'],
  closed: [],
  expired: [],
};

/** A settled session is no longer changed by a worker, so a waiting client can be answered. */
export function isSettled(status: SessionStatus): boolean {
  return status !== 'pending';
}
