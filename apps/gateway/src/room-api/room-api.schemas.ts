import { z } from 'zod';
import { givenName } from '../sessions/room-name.js';
import { metadata } from '../sessions/session.schemas.js';

/** What a reply says itself, and what would be a trap in an object: no caller can set these for everybody. */
const RESERVED = ['name', 'wt_token', 'sync_token', 'exp', 'error', '__proto__'];

/** The body of `POST /room/create` as it is read: the name, and the free fields that its caller may set. */
export const createRoomBody = z
  .preprocess(
    (body) => (body === undefined ? {} : body),
    z.custom<Record<string, unknown>>((body) => typeof body === 'object' && body !== null && !Array.isArray(body), {
      error: 'must be an object',
      abort: true,
    }),
  )
  .transform((body) => ({
    ...(Object.hasOwn(body, 'name') && { name: body.name }),
    fields: Object.fromEntries(Object.entries(body).filter(([field]) => !RESERVED.includes(field))),
  }))
  .pipe(z.object({ name: givenName.exactOptional(), fields: metadata }));

export type CreateRoomBody = z.output<typeof createRoomBody>;

const FREE_FIELDS = 'Any other fields, up to 4 KiB of JSON: those of the first creator come back to everybody.';

/** The same body as the API's description shows it. */
export const createRoomBodyDocument = z
  .looseObject({
    name: z.string().exactOptional().meta({ description: 'Without a name one is made up.' }),
  })
  .meta({ id: 'CreateRoomBody', description: FREE_FIELDS });

export const roomView = z
  .looseObject({
    name: z.string(),
    wt_token: z.string(),
    sync_token: z.string(),
    exp: z.int().meta({ description: 'When the tokens expire, in milliseconds since 1970.' }),
  })
  .meta({ id: 'RoomApiRoom', description: FREE_FIELDS });

export type RoomView = z.output<typeof roomView>;

export const roomApiErrorBody = z.strictObject({ error: z.string() }).meta({ id: 'RoomApiError' });
