import assert from 'node:assert/strict';

/** @throws without a token in the message */
export function sameToken(session, expected) {
  assert.ok(session.tokens?.stream === expected.tokens.stream, `${session.id} has another token, or none`);
}
