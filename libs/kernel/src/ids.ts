import { customAlphabet } from 'nanoid';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 characters of 62 carry 131 bits: a TokenID cannot be guessed. */
const randomPart = customAlphabet(ALPHABET, 22);

/** A new TokenID, `ses_` and 22 letters and digits. */
export function newSessionId(): string {
  return `ses_${randomPart()}`;
}

/** A name for a room that nobody has named; it cannot be guessed either. */
export function newRoomName(): string {
  return randomPart();
}

/** What any TokenID of this server looks like; longer random parts are accepted, so that they may grow. */
export const SESSION_ID = /^ses_[0-9A-Za-z]{22,60}$/;

const requestPart = customAlphabet(ALPHABET, 20);

/** A new id for one HTTP request, `req_` and 20 letters and digits. */
export function newRequestId(): string {
  return `req_${requestPart()}`;
}
