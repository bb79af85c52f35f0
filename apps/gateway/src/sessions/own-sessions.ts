import type { SessionRecord } from '@app/entities';
import { type Caller, hasScope } from '../auth/caller.js';
import { ProblemError } from '../problems/problem.js';

/** Only API keys can end sessions that others created. @throws ProblemError 403 */
export function requireOwn({ id, createdBy }: SessionRecord, caller: Caller): void {
  if (caller.principal.kind === 'key' || createdBy === caller.id || hasScope(caller, 'admin')) return;
  const detail = 'Users can close and rotate only sessions they created';
  throw new ProblemError('insufficient-scope', { detail, sessionId: id });
}
