import { isOpenRoomPath } from '../access/routes.js';
import { answerWith, type Problem } from './problem.js';
import { roomError } from './room-error.js';

/** A problem as the clients of this path expect it: a problem document, or what the drop-in adapter's contract says. */
export function answerFor(roomApi: { on: boolean }, problem: Problem, path: string, requestId: string) {
  const answer = answerWith(problem, path, requestId);
  return roomApi.on && isOpenRoomPath(path) ? { ...answer, ...roomError(problem, answer.headers) } : answer;
}
