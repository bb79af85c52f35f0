import type { Caller } from '../auth/caller.js';

/**
 * The actions that need admission: opening a session, reading its tokens, closing it; having the chat token of a user, and
 * ending it.
 */
export const ADMISSION_ACTIONS = ['open', 'join', 'close', 'chat', 'close-chat'] as const;
export type AdmissionAction = (typeof ADMISSION_ACTIONS)[number];

/** The target. An unnamed session to be created has neither room nor TokenID yet. */
export interface AdmissionTarget {
  room: string | null;
  /** The TokenID; null before the session is known. */
  session: string | null;
  /** For chat tokens: the user whom the token is for. */
  subject?: string;
}

export interface AdmissionRequest extends AdmissionTarget {
  caller: Caller;
  action: AdmissionAction;
}

/** What distinguishes requests: the same question has the same answer for a moment. */
export interface AdmissionQuestion extends AdmissionTarget {
  caller: Pick<Caller, 'id'>;
  action: AdmissionAction;
}

export type AdmissionDecision = { allow: true } | { allow: false; reason: string | null };

/** Port for the customer's logic: may this authenticated and authorized caller do this now? */
export abstract class AdmissionPolicy {
  /** @throws AdmissionUnavailableError */
  abstract decide(question: AdmissionRequest): Promise<AdmissionDecision>;

  /** Whether `decide` would allow this now from what it has cached. */
  abstract allowsNow(question: AdmissionQuestion): boolean;
}

/** Without an admission service, the scope alone decides. */
export class AllowAll extends AdmissionPolicy {
  decide(): Promise<AdmissionDecision> {
    return Promise.resolve({ allow: true });
  }

  allowsNow(): boolean {
    return true;
  }
}
