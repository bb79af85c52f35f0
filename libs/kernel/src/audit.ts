/**
 * The actions in the audit trail: a closed list, part of the API. `create`, `close` and `retry` change a session,
 * `change-webhook` an endpoint of webhooks, `replay-webhook` sends deliveries again, `change-pool`
 * the plan of the warm pool; a `read-tokens` is a response that contained tokens, an `issue-ticket` one
 * with a ticket; a `denied:` action ends in the code of its problem document.
 */
export const AUDIT_ACTIONS = [
  'create',
  'close',
  'retry',
  'change-webhook',
  'change-pool',
  'replay-webhook',
  'read-tokens',
  'issue-ticket',
  'denied:insufficient-scope',
  'denied:admission-denied',
  'denied:rate-limited',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What an entry is about: a TokenID, the id of a chat token, of an endpoint of webhooks, or of a delivery. */
export const AUDITED_ID = /^(?:ses|cht|whe|msg)_[0-9A-Za-z]{22,60}$/;

/** Changes are recorded individually, in the transaction of the change. All other actions are counted. */
export type AuditedChange = 'create' | 'close' | 'retry' | 'change-webhook' | 'change-pool' | 'replay-webhook';
export type CountedAction = Exclude<AuditAction, AuditedChange>;

/** The actor that replaces an erased user or holder of a ticket. None can have this id, since theirs contain a #. */
export const ERASED_USER = 'user:erased';

/**
 * The forms of an actor: `key:<id>`, `user:<issuer>#<subject>`, `ticket:<key id>#<subject>`, `room-api` (the drop-in
 * rooms), `cli`, `console` (on a development machine, where it takes no key), or `user:erased`. An issuer is a URL without a fragment, or the id of a key, so the first # separates it
 * from the subject.
 */
export const ACTOR =
  /^(?:key:[a-z0-9]{4,16}|user:https?:\/\/[^#]+#.+|ticket:[a-z0-9]{4,16}#.+|room-api|cli|console|user:erased)$/su;
