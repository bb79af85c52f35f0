/**
 * The actions in the audit trail: a closed list, part of the API. `create`, `close` and `retry` change a session,
 * `change-webhook` an endpoint of webhooks; a
 * `read-tokens` is a response that contained tokens; a `refused:` action ends in the code of its problem document.
 */
export const AUDIT_ACTIONS = [
  'create',
  'close',
  'retry',
  'change-webhook',
  'read-tokens',
  'denied:insufficient-scope',
  'denied:admission-denied',
  'denied:rate-limited',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Changes are recorded individually, in the transaction of the change. All other actions are counted. */
export type AuditedChange = 'create' | 'close' | 'retry' | 'change-webhook';
export type CountedAction = Exclude<AuditAction, AuditedChange>;

/** The actor that replaces an erased user. No user can have this id, since user ids contain a #. */
export const ERASED_USER = 'user:erased';

/**
 * The forms of an actor: `key:<id>`, `user:<issuer>#<subject>`, `room-api` (the drop-in rooms), `cli`, or `user:erased`. An
 * issuer is a URL without a fragment, so the first # separates it from the subject.
 */
export const ACTOR = /^(?:key:[a-z0-9]{4,16}|user:https?:\/\/[^#]+#.+|room-api|cli|user:erased)$/su;
