/**
 * What the audit trail knows: a closed list, part of the API. `create`, `close` and `retry` changed a session; a
 * `read-tokens` is a reply with tokens; a refusal carries the code of its problem document.
 */
export const AUDIT_ACTIONS = [
  'create',
  'close',
  'retry',
  'read-tokens',
  'denied:insufficient-scope',
  'denied:admission-denied',
  'denied:rate-limited',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Changes are written one by one, with what they changed. Everything else is counted. */
export type AuditedChange = 'create' | 'close' | 'retry';
export type CountedAction = Exclude<AuditAction, AuditedChange>;

/** Who a person is after they were erased. Nobody signs in as this: the ids of persons hold a #. */
export const ERASED_USER = 'user:erased';
