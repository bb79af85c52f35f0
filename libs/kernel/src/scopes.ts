/** The scopes of the API. `admin` includes all others; without `tokens:read` responses contain no tokens. */
export const SCOPES = [
  'sessions:create',
  'sessions:read',
  'sessions:close',
  'rooms:open',
  'tokens:read',
  'tickets:issue',
  'seats:take',
  'seats:read',
  'webhooks:manage',
  'chat:mint',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
