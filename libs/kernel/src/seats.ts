/** A participant streams; a viewer watches and listens only. The vendor's SDK lets its caller choose, so this is advice. */
export const SEAT_ROLES = ['participant', 'viewer'] as const;

export type SeatRole = (typeof SEAT_ROLES)[number];

/** How long a seat is held without a renewal, in s. */
export const SEAT_LEASE_S = 60;

/**
 * Seats of one person (a user, or the subject of tickets) in one session: several windows and devices, but not the whole
 * session. An API key acts for many persons and has no such limit.
 */
export const MAX_SEATS_PER_PERSON = 4;
