/** The NOTIFY channel for changed sessions. Payloads contain ids only: the row is the source of truth. */
export const SESSION_EVENTS_CHANNEL = 'session_changed';

/** Postgres rejects payloads of 8000 bytes or more. */
const MAX_PAYLOAD_BYTES = 7900;

/** Packs session ids into as few payloads as their length permits. */
export function encodeSessionEvents(ids: readonly string[]): string[] {
  const payloads: string[] = [];
  let current = '';
  for (const id of ids) {
    if (current !== '' && current.length + 1 + id.length > MAX_PAYLOAD_BYTES) {
      payloads.push(current);
      current = '';
    }
    current = current === '' ? id : `${current},${id}`;
  }
  if (current !== '') payloads.push(current);
  return payloads;
}

/** Unpacks the session ids of one payload. */
export function decodeSessionEvents(payload: string): string[] {
  return payload.split(',').filter((id) => id !== '');
}

/** Marks the id of a session in which only seats changed. Processes that do not know it take it for an unknown session. */
const SEATS_PREFIX = 'seats:';

/** The event that says that seats of a session changed, as an id of the same channel. */
export function seatsEventId(sessionId: string): string {
  return `${SEATS_PREFIX}${sessionId}`;
}

/** The events of one payload by their kind: sessions that changed, and sessions whose seats changed. */
export function sortSessionEvents(ids: readonly string[]): { sessions: string[]; seats: string[] } {
  const { sessions = [], seats = [] } = Object.groupBy(ids, (id) =>
    id.startsWith(SEATS_PREFIX) ? 'seats' : 'sessions',
  );
  return { sessions, seats: seats.map((id) => id.slice(SEATS_PREFIX.length)) };
}
