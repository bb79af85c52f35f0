import { isUsableSubject, MAX_SUBJECT_LENGTH } from '@app/kernel';
import { z } from 'zod';
import { insufficientScope } from '../auth/authenticated-caller.js';
import type { Caller } from '../auth/caller.js';
import { ProblemError } from '../problems/problem.js';

/** In a path, the caller's own subject. No user id of a backend can be this one. */
export const ME = 'me';

/** The subject in a path: `me`, or the user whom an API key vouches for. Opaque, so it is taken as it is. */
export const givenSubject = z
  .string()
  .refine(isUsableSubject, {
    error: `must have 1 to ${String(MAX_SUBJECT_LENGTH)} characters, none of them a control or format character`,
    abort: true,
  })
  // Clients remove these from URLs, also when they are encoded.
  .refine((subject) => subject !== '.' && subject !== '..', { error: 'must not be . or ..' });

/**
 * The user whose chat token this caller may have. A chat token speaks for its user, so users and holders of tickets have
 * only their own, by `me`, and an API key vouches for the user that it names.
 *
 * @throws ProblemError 403 for a person who names a subject, 422 for an API key that names none
 */
export function chatSubjectOf({ principal }: Caller, given: string): string {
  switch (principal.kind) {
    case 'key':
      if (given !== ME) return given;
      throw new ProblemError('validation-failed', {
        errors: [{ detail: 'must name a user: an API key has no chat token of its own', parameter: 'subject' }],
      });
    case 'user':
    case 'ticket':
      if (given === ME) return principal.subject;
      throw new ProblemError('insufficient-scope', {
        detail: 'Users and holders of tickets have only their own chat token: use me',
      });
    case 'anonymous':
      throw insufficientScope('chat:mint');
  }
}
