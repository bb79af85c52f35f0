import { Fault, fingerprints } from '../outcome.mjs';

/** The same session with the same tokens, byte for byte. */
export function expectSame(before, after, where) {
  const had = fingerprints(before.tokens);
  if (after === null) throw new Fault(`${where}: 404, and the room was opened with token ${had}`);
  const has = fingerprints(after.tokens);
  if (has !== had) throw new Fault(`${where}: token ${has}, and the room was opened with ${had}`);
  if (after.id !== before.id) throw new Fault(`${where}: the token is the same, the session id is not`);
}

/** Whether a reply holds any of these tokens, wherever in its body. */
export function holdsTokenOf(reply, { tokens }) {
  return Object.values(tokens).some((token) => reply.text.includes(token));
}

/** By the server's clock if it shows one, in milliseconds: what counts is its idea of expiry. */
export function serverTime({ headers }) {
  const shown = Date.parse(headers.date ?? '');
  return Number.isNaN(shown) ? Date.now() : shown;
}
