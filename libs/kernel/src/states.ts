/**
 * The states of a session.
 *
 * `pending` → `ready` | `failed` | `closed`; `ready` → `expired` | `closed`; `failed` → `pending` (retry) | `closed`.
 * `closed` and `expired` are final.
 */
export const SESSION_STATUSES = ['pending', 'ready', 'failed', 'closed', 'expired'] as const;

export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** A live session holds its room: no other session may be opened there. */
export const LIVE_STATUSES = ['pending', 'ready', 'failed'] as const satisfies SessionStatus[];

/** Where each state may lead. The database's statements follow this table; its property test walks it. */
export const TRANSITIONS: Record<SessionStatus, readonly SessionStatus[]> = {
  pending: ['ready', 'failed', 'closed'],
  ready: ['expired', 'closed'],
  failed: ['pending', 'closed'],
  closed: [],
  expired: [],
};

/** A settled session does not change by a worker's doing any more: there is nothing left to wait for. */
export function isSettled(status: SessionStatus): boolean {
  return status !== 'pending';
}
