import { z } from 'zod';
import { givenName } from '../sessions/room-name.js';
import { metadata } from '../sessions/session.schemas.js';

/** Fields that the server sets, or that are dangerous in an object: callers cannot set them. */
const RESERVED = ['name', 'wt_token', 'sync_token', 'exp', 'error', '__proto__'];

/** The body of `POST /room/create`: the name and the caller's free fields. */
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

const FREE_FIELDS = 'Any other fields, up to 4 KiB of JSON. Every client receives those of the first creator.';

/** The same body as documented in OpenAPI. */
export const createRoomBodyDocument = z
  .looseObject({
    name: z.string().exactOptional().meta({ description: 'Generated if absent.' }),
  })
  .meta({ id: 'CreateRoomBody', description: FREE_FIELDS });

export const roomView = z
  .looseObject({
    name: z.string(),
    wt_token: z.string(),
    sync_token: z.string(),
    exp: z.int().meta({ description: 'Expiry of the tokens, in milliseconds since the Unix epoch.' }),
  })
  .meta({ id: 'RoomApiRoom', description: FREE_FIELDS });

export type RoomView = z.output<typeof roomView>;

export const roomApiErrorBody = z.strictObject({ error: z.string() }).meta({ id: 'RoomApiError' });
