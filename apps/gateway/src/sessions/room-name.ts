import { z } from 'zod';

const ALLOWED = /^[\p{L}\p{M}\p{Nd} ._~:@-]+$/u;
const MAX_CODE_POINTS = 128;

/**
 * A room's name after NFC: 1 to 128 code points of letters, marks and digits of any script, space and `. _ ~ : @ -`; no
 * space at either end; not `.` or `..`; case counts.
 */
export const roomName = z
  .string()
  .transform((name) => name.normalize('NFC'))
  .pipe(
    z
      .string()
      .refine((name) => ALLOWED.test(name), {
        error: 'must consist of letters, marks and digits of any script, space and . _ ~ : @ -',
        abort: true,
      })
      .refine((name) => Array.from(name).length <= MAX_CODE_POINTS, {
        error: 'must have at most 128 code points',
        abort: true,
      })
      .refine((name) => !name.startsWith(' ') && !name.endsWith(' '), { error: 'must not begin or end with a space' })
      .refine((name) => name !== '.' && name !== '..', { error: 'must not be . or ..' }),
  );
