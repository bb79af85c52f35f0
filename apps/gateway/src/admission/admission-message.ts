import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import type { AdmissionDecision, AdmissionRequest } from './admission-policy.js';

/** The longest reason that is passed on, in characters. */
const REASON_LIMIT = 200;

/** What the customer's service is sent. `who` says what the caller is known by; `room` and `session` may be null. */
export function admissionRequestBody({ caller, action, room, session }: AdmissionRequest) {
  return { who: whoIs(caller), action, session, room };
}

function whoIs({ principal: who }: Caller) {
  switch (who.kind) {
    case 'key':
      return { kind: 'key', id: who.id };
    case 'user':
      return { kind: 'user', issuer: who.issuer, subject: who.subject };
    case 'anonymous':
      return { kind: 'anonymous' };
  }
}

const answer = z.object({ allow: z.boolean(), reason: z.string().nullish() });

/** The decision in a reply's text. @throws for anything else: nobody is admitted by an answer that has to be guessed */
export function parseAdmissionDecision(text: string): AdmissionDecision {
  const { allow, reason } = answer.parse(JSON.parse(text));
  return allow ? { allow } : { allow, reason: plainText(reason ?? '') };
}

/** One line of text without control characters, cut to what the API promises; null when nothing is left. */
export function plainText(reason: string): string | null {
  const line = reason
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line === '' ? null : Array.from(line).slice(0, REASON_LIMIT).join('');
}
