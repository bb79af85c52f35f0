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
    .superRefine((name, context) => {
      const fault = faultOf(name, countedPart(name));
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, continue: false });
    });
}

/** One check rather than one for each rule: every open passes it. */
function faultOf(name: string, counted: string): string | undefined {
  if (!ALLOWED.test(name)) return 'must consist of letters, marks and digits of any script, space and . _ ~ : @ -';
  if (INVISIBLE.test(name)) return 'must not contain invisible characters';
  if (!VISIBLE.test(name)) return 'must contain a visible character';
  if (counted.length > MAX_CODE_POINTS && Array.from(counted).length > MAX_CODE_POINTS) return TOO_LONG;
  if (name.startsWith(' ') || name.endsWith(' ')) return 'must not begin or end with a space';
  return name === '.' || name === '..' ? 'must not be . or ..' : undefined;
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
