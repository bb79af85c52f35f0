import { SESSION_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { failureView } from '../sessions/session.schemas.js';

/** A chat token as replies show it. */
export const chatTokenView = z
  .strictObject({
    subject: z.string().meta({ description: 'The user whom the token is for.' }),
    status: z.enum(SESSION_STATUSES),
    token: z
      .string()
      .exactOptional()
      .meta({ description: 'Present while `status` is `ready`. Only for this user: pass it to the SDK unchanged.' }),
    expiresAt: z.iso.datetime().nullable(),
    failure: failureView.nullable(),
  })
  .meta({ id: 'ChatToken' });

export type ChatTokenView = z.output<typeof chatTokenView>;

/** There is nothing to choose. No body is the same as `{}`. */
export const chatTokenBody = z
  .strictObject({}, { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) })
  .meta({ id: 'ChatTokenOpening' });

export const optionalChatTokenBody = z.preprocess((body) => (body === undefined ? {} : body), chatTokenBody);
