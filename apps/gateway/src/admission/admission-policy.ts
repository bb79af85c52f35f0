import type { Caller } from '../auth/caller.js';

/** What the customer's logic is asked about: a new or found session, a reply with tokens, the end of a session. */
export type AdmissionAction = 'open' | 'join' | 'close';

/** What it is about. An unnamed session that is to be made has neither room nor TokenID yet. */
export interface AdmissionTarget {
  room: string | null;
  /** The TokenID; null before the session is known. */
  session: string | null;
}

export interface AdmissionRequest extends AdmissionTarget {
  caller: Caller;
  action: AdmissionAction;
}

export type AdmissionDecision = { allow: true } | { allow: false; reason: string | null };

/** The port for the customer's own logic: may this caller, whose credential and scope are good, do this now? */
export abstract class AdmissionPolicy {
  /** @throws AdmissionUnavailableError when nobody can say */
  abstract decide(question: AdmissionRequest): Promise<AdmissionDecision>;
}

/** Without logic of the customer's own: whoever has the scope is admitted. */
export class AllowAll extends AdmissionPolicy {
  decide(): Promise<AdmissionDecision> {
    return Promise.resolve({ allow: true });
  }
}
