import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import type { AdmissionDecision, AdmissionRequest } from './admission-policy.js';

/** Maximum length of a reason passed on, in characters. */
const REASON_LIMIT = 200;

/** The body sent to the customer's service. `who` identifies the caller; `room` and `session` may be null. `subject` is there for chat only. */
export function admissionRequestBody({ caller, action, room, session, subject }: AdmissionRequest) {
  return { who: whoIs(caller), action, session, room, ...(subject !== undefined && { subject }) };
}

function whoIs({ principal: who }: Caller) {
  switch (who.kind) {
    case 'key':
      return { kind: 'key', id: who.id };
    case 'user':
      return { kind: 'user', issuer: who.issuer, subject: who.subject };
    case 'ticket':
      return { kind: 'ticket', issuer: who.issuer, subject: who.subject };
    case 'anonymous':
      return { kind: 'anonymous' };
  }
}

const answer = z.object({ allow: z.boolean(), reason: z.string().nullish() });

/** Parses the decision. @throws for anything else: an ambiguous answer admits no one */
export function parseAdmissionDecision(text: string): AdmissionDecision {
  const { allow, reason } = answer.parse(JSON.parse(text));
  return allow ? { allow } : { allow, reason: plainText(reason ?? '') };
}

/** One line without control characters, cut to the documented length; null if empty. */
export function plainText(reason: string): string | null {
  const line = reason
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line === '' ? null : Array.from(line).slice(0, REASON_LIMIT).join('');
}
