import { DELIVERY_STATUSES, FAILURE_CODES, SESSION_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { isStorable } from '../http/storable-json.js';
import { pageLimit } from '../http/page-limit.js';
import { storedName } from '../sessions/room-name.js';
import { sessionCursor } from '../sessions/list-sessions.query.js';
import { deliveryCursor } from '../webhooks/list-deliveries.query.js';
import { ProblemError } from '../problems/problem.js';

const MAX_REASON = 200;

/** Asked for with every change, and kept in the audit trail. */
const reason = z
  .string()
  .transform((text) => text.replaceAll(/\s+/g, ' ').trim())
  .refine((text) => text.length >= 3 && text.length <= MAX_REASON, `must have 3 to ${String(MAX_REASON)} characters`)
  .refine(isStorable, 'must not contain U+0000 or lone surrogates');

const failure = z.enum(FAILURE_CODES);

/** `failure` implies that the status is `failed`. */
export const sessionsQuery = z.strictObject({
  status: z.enum(SESSION_STATUSES).optional(),
  room: storedName.optional(),
  failure: failure.optional(),
  limit: pageLimit,
  cursor: sessionCursor.parameter.optional(),
});

export const overviewQuery = z.strictObject({ after: z.coerce.number().min(0).optional() });

/** `version`: of the session that the operator saw. */
export const changeBody = z.strictObject({ reason, version: z.int().min(1) });

export const redriveQuery = z.strictObject({ failure: failure.optional() });

/** `before`: when the number was shown, so that what fails again is not retried again and again. */
export const redriveBody = z.strictObject({
  reason,
  failure: failure.nullable(),
  before: z.iso.datetime().transform((text) => new Date(text)),
});

export const deliveriesQuery = z.strictObject({
  status: z.enum(DELIVERY_STATUSES).optional(),
  limit: pageLimit,
  cursor: deliveryCursor.parameter.optional(),
});

export const replayBody = z.strictObject({ reason });

/** @throws ProblemError 422 */
export function parse<T>(schema: z.ZodType<T>, value: unknown, place: 'query' | 'body'): T {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const errors = error.issues.slice(0, 20).map(({ message: detail, path }) => {
    const name = path.map(String);
    return place === 'query' ? { detail, parameter: name.join('.') } : { detail, pointer: `#/${name.join('/')}` };
  });
  throw new ProblemError('validation-failed', { errors });
}
