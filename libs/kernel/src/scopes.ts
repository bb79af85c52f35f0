/** What a caller may be allowed. `admin` includes all others; `tokens:read` decides whether replies carry tokens. */
export const SCOPES = [
  'sessions:create',
  'sessions:read',
  'sessions:close',
  'rooms:open',
  'tokens:read',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
