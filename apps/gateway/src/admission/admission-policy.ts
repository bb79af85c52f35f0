import type { Caller } from '../auth/caller.js';

/** The actions that need admission: opening a session, reading its tokens, closing it. */
export type AdmissionAction = 'open' | 'join' | 'close';

/** The target. An unnamed session to be created has neither room nor TokenID yet. */
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

/** Port for the customer's logic: may this authenticated and authorized caller do this now? */
export abstract class AdmissionPolicy {
  /** @throws AdmissionUnavailableError */
  abstract decide(question: AdmissionRequest): Promise<AdmissionDecision>;
}

/** Without an admission service, the scope alone decides. */
export class AllowAll extends AdmissionPolicy {
  decide(): Promise<AdmissionDecision> {
    return Promise.resolve({ allow: true });
  }
}
