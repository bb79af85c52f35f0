import { FaultError, fingerprints } from '../outcome.mjs';

/** The same session with the same tokens, byte for byte. */
export function expectSame(before, after, where) {
  const had = fingerprints(before.tokens);
  if (after === null) throw new FaultError(`${where}: 404, and the room was opened with token ${had}`);
  const has = fingerprints(after.tokens);
  if (has !== had) throw new FaultError(`${where}: token ${has}, and the room was opened with ${had}`);
  if (after.id !== before.id) throw new FaultError(`${where}: the token is the same, the session id is not`);
}

/** Whether the body of a response contains any of these tokens, in any place. */
export function holdsTokenOf(reply, { tokens }) {
  return Object.values(tokens).some((token) => reply.text.includes(token));
}

/** By the server's clock (`Date`) if it sends one, in milliseconds: expiry is decided by that clock. */
export function serverTime({ headers }) {
  const shown = Date.parse(headers.date ?? '');
  return Number.isNaN(shown) ? Date.now() : shown;
}
