import { isRoomApiPath } from '../routing/request-path.js';
import { renderProblem, type ProblemError } from './problem.js';
import { roomApiError } from './room-api-error.js';

/** A problem as the clients of this path expect it: a problem document, or what the drop-in adapter's contract says. */
export function renderFor(roomApi: { on: boolean }, problem: ProblemError, path: string, requestId: string) {
  const answer = renderProblem(problem, path, requestId);
  return roomApi.on && isRoomApiPath(path) ? { ...answer, ...roomApiError(problem, answer.headers) } : answer;
}
