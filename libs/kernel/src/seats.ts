/** A participant streams; a viewer watches and listens only. The vendor's SDK lets its caller choose, so this is advice. */
export const SEAT_ROLES = ['participant', 'viewer'] as const;

export type SeatRole = (typeof SEAT_ROLES)[number];

/** How long a seat is held without a renewal, in s. */
export const SEAT_LEASE_S = 60;
