import { isRoomApiPath, quotablePath } from '../routing/request-path.js';
import { renderProblem, type ProblemError } from './problem.js';
import { roomApiError } from './room-api-error.js';

/** Renders a problem for this path: as a problem document, or in the drop-in adapter's contract. */
export function renderFor(roomApi: { on: boolean }, problem: ProblemError, path: string, requestId: string) {
  const answer = renderProblem(problem, quotablePath(path), requestId);
  return roomApi.on && isRoomApiPath(path) ? { ...answer, ...roomApiError(problem, answer.headers) } : answer;
}
