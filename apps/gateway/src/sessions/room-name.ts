import { z } from 'zod';

const ALLOWED = /^[\p{L}\p{M}\p{Nd} ._~:@-]+$/u;
/** Characters without a glyph: names that differ only in these look the same. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
const VISIBLE = /[\p{L}\p{Nd}._~:@-]/u;
const MAX_CODE_POINTS = 128;
/** Before normalization, in UTF-16 units: NFC makes at most four code points into one. Bounds its work. */
const MAX_RAW_LENGTH = 8 * MAX_CODE_POINTS;
const TOO_LONG = 'must have at most 128 code points';

/** Stored prefix of the drop-in adapter's rooms. No other route reaches them. */
export const ROOM_API_PREFIX = 'open:';

function rule(countedPart: (name: string) => string) {
  return z
    .string()
    .refine((name) => name.length <= MAX_RAW_LENGTH, { error: TOO_LONG, abort: true })
    .transform((name) => name.normalize('NFC'))
    .pipe(
      z
        .string()
        .refine((name) => ALLOWED.test(name), {
          error: 'must consist of letters, marks and digits of any script, space and . _ ~ : @ -',
          abort: true,
        })
        .refine((name) => !INVISIBLE.test(name), { error: 'must not contain invisible characters', abort: true })
        .refine((name) => VISIBLE.test(name), { error: 'must contain a visible character', abort: true })
        .refine((name) => Array.from(countedPart(name)).length <= MAX_CODE_POINTS, {
          error: TOO_LONG,
          abort: true,
        })
        .refine((name) => !name.startsWith(' ') && !name.endsWith(' '), { error: 'must not begin or end with a space' })
        .refine((name) => name !== '.' && name !== '..', { error: 'must not be . or ..' }),
    );
}

/**
 * A valid room name, after NFC: 1 to 128 code points of letters, marks and digits of any script, space and
 * `. _ ~ : @ -`, at least one of them visible and none invisible; no space at either end; not `.` or `..`; case-sensitive.
 */
export const givenName = rule((name) => name);

/** A room name under `/v1`, which excludes the drop-in adapter's rooms. */
export const roomName = givenName
  .refine((name) => !name.startsWith(ROOM_API_PREFIX), { error: `must not begin with ${ROOM_API_PREFIX}` })
  .meta({ example: 'derby' });

/** A room name as stored, including the drop-in adapter's prefix. */
export const storedName = rule((name) =>
  name.startsWith(ROOM_API_PREFIX) ? name.slice(ROOM_API_PREFIX.length) : name,
);
