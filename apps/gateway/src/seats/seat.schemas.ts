import { MAX_SEAT_NAME, SEAT_ROLES } from '@app/kernel';
import { z } from 'zod';
import { keysetCursor } from '../http/keyset-cursor.js';
import { nameOfPerson } from '../http/name-of-person.js';
import { pageLimit } from '../http/page-limit.js';
import { isStorable } from '../http/storable-json.js';

/** Of a place in the list, in UTF-16 units. */
const MAX_PLACE_LENGTH = 8 * MAX_SEAT_NAME;

const ROLE = { description: 'A participant streams; a viewer watches and listens only.' };
const role = z.enum(SEAT_ROLES, { error: `must be one of ${SEAT_ROLES.join(', ')}` }).meta(ROLE);

/** The body of taking a seat. */
export const takeSeatBody = z
  .strictObject(
    {
      name: nameOfPerson.meta({
        type: 'string',
        minLength: 1,
        maxLength: MAX_SEAT_NAME,
        description: 'To be passed to the SDK. Compared with others after NFC, trimming and case folding.',
        example: 'Anna',
      }),
      role,
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
  )
  .meta({ id: 'SeatTaking' });

export type TakeSeatBody = z.output<typeof takeSeatBody>;

const time = z.iso.datetime();
const seat = {
  id: z.string(),
  session: z.string().meta({ description: 'The TokenID' }),
  name: z.string(),
  role,
  takenAt: time,
  leaseUntil: time.meta({ description: 'Renew the seat before then.' }),
};

/** A seat as its list shows it. */
export const seatView = z.strictObject(seat).meta({ id: 'Seat' });

/** A seat that was taken or renewed. */
export const heldSeatView = z
  .strictObject({
    ...seat,
    leaseS: z.int().meta({ description: 'The length of the lease in seconds, from now on.' }),
    tokens: z
      .strictObject({ stream: z.string().exactOptional(), sync: z.string().exactOptional() })
      .exactOptional()
      .meta({
        description: 'When the seat was taken, for callers with `tokens:read`. Pass them to the SDK unchanged.',
      }),
  })
  .meta({ id: 'HeldSeat' });

export const seatPage = z
  .strictObject({
    items: z.array(seatView),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass as `cursor` to fetch the next page; null on the last page.' }),
  })
  .meta({ id: 'SeatPage' });

export type SeatView = z.output<typeof seatView>;
export type HeldSeatView = z.output<typeof heldSeatView>;
export type SeatPage = z.output<typeof seatPage>;

/** Pages are sorted by the names as they are compared. */
export const seatCursor = keysetCursor<string>(z.string().max(MAX_PLACE_LENGTH).refine(isStorable));

/** The query of the list of seats. */
export const listSeatsQuery = z.strictObject({ limit: pageLimit, cursor: seatCursor.parameter.optional() });

export type ListSeatsQuery = z.output<typeof listSeatsQuery>;
