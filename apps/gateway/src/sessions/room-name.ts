import { z } from 'zod';

const ALLOWED = /^[\p{L}\p{M}\p{Nd} ._~:@-]+$/u;
const MAX_CODE_POINTS = 128;

/** Stored prefix of the drop-in adapter's rooms. No other route reaches them. */
export const ROOM_API_PREFIX = 'open:';

function rule(countedPart: (name: string) => string) {
  return z
    .string()
    .transform((name) => name.normalize('NFC'))
    .pipe(
      z
        .string()
        .refine((name) => ALLOWED.test(name), {
          error: 'must consist of letters, marks and digits of any script, space and . _ ~ : @ -',
          abort: true,
        })
        .refine((name) => Array.from(countedPart(name)).length <= MAX_CODE_POINTS, {
          error: 'must have at most 128 code points',
          abort: true,
        })
        .refine((name) => !name.startsWith(' ') && !name.endsWith(' '), { error: 'must not begin or end with a space' })
        .refine((name) => name !== '.' && name !== '..', { error: 'must not be . or ..' }),
    );
}

/**
 * A valid room name, after NFC: 1 to 128 code points of letters, marks and digits of any script, space and
 * `. _ ~ : @ -`; no space at either end; not `.` or `..`; case-sensitive.
 */
export const givenName = rule((name) => name);

/** A room name under `/v1`, which excludes the drop-in adapter's rooms. */
export const roomName = givenName.refine((name) => !name.startsWith(ROOM_API_PREFIX), {
  error: `must not begin with ${ROOM_API_PREFIX}`,
});

/** A room name as stored, including the drop-in adapter's prefix. */
export const storedName = rule((name) =>
  name.startsWith(ROOM_API_PREFIX) ? name.slice(ROOM_API_PREFIX.length) : name,
);
