/** The channel on which Postgres tells which sessions changed. Payloads carry ids only: the row is the truth. */
export const SESSION_EVENTS_CHANNEL = 'session_changed';

/** Postgres refuses payloads of 8000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7900;

/** Payloads for these session ids, as many as their length asks for. */
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

/** The session ids of one payload. */
export function decodeSessionEvents(payload: string): string[] {
  return payload.split(',').filter((id) => id !== '');
}
