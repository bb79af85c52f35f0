import type { ProblemError } from './problem.js';
import { PROBLEMS } from './problem-codes.js';

/**
 * A problem in the contract of the drop-in adapter: `{"error"}` with a fixed text. Its clients
 * retry only on 500, and expect 400 for any invalid request.
 */
export function roomApiError(problem: ProblemError, { 'content-type': _, ...headers }: Record<string, string>) {
  const { status } = PROBLEMS[problem.code];
  return {
    status: status >= 500 ? 500 : status === 422 ? 400 : status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
    document: { error: problem.message },
  };
}
