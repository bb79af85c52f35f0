import { customAlphabet } from 'nanoid';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 characters of a 62-character alphabet, 131 bits: a TokenID cannot be guessed. */
const randomPart = customAlphabet(ALPHABET, 22);

/** Generates a TokenID: `ses_` followed by 22 letters and digits. */
export function newSessionId(): string {
  return `ses_${randomPart()}`;
}

/** Generates a room name that cannot be guessed. */
export function newRoomName(): string {
  return randomPart();
}

/** Format of a TokenID. Longer random parts are accepted, so that they can grow in a later version. */
export const SESSION_ID = /^ses_[0-9A-Za-z]{22,60}$/;

/** Generates a seat id: `seat_` followed by 22 letters and digits. */
export function newSeatId(): string {
  return `seat_${randomPart()}`;
}

/** Format of a seat id. */
export const SEAT_ID = /^seat_[0-9A-Za-z]{22,60}$/;
/** Generates the id of a chat token: `cht_` followed by 22 letters and digits. It is no TokenID: no session has it. */
export function newChatTokenId(): string {
  return `cht_${randomPart()}`;
}

/** Format of what tokens are minted for: a TokenID or the id of a chat token. */
export const MINTED_ID = /^(?:ses|cht)_[0-9A-Za-z]{22,60}$/;

const requestPart = customAlphabet(ALPHABET, 20);

/** Generates a request id: `req_` followed by 20 letters and digits. */
export function newRequestId(): string {
  return `req_${requestPart()}`;
}
