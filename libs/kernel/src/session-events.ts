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
