import { isRoomApiPath } from '../routing/request-path.js';
import { PROBLEM_MEDIA_TYPE } from '../problems/problem.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem-codes.js';
import { problemExamples, REQUEST_ID } from './responses.js';

/** Problems any request can get. Operations list their own and refer to these as `default`. */
const ANY_REQUEST: ProblemCode[] = [
  'malformed',
  'method-not-allowed',
  'request-timeout',
  'uri-too-long',
  'headers-too-large',
  'internal',
];

const names = { everywhere: 'OtherProblem', openRooms: 'OtherRoomProblem' };

/** The `default` response of the operations of a path. */
export function defaultResponseFor(path: string) {
  return { $ref: `#/components/responses/${isRoomApiPath(path) ? names.openRooms : names.everywhere}` };
}

/** The components behind those references. */
export function defaultResponses() {
  const list = ANY_REQUEST.map((code) => `${String(PROBLEMS[code].status)} \`${code}\``).join(' · ');
  const problem = {
    [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, examples: problemExamples(ANY_REQUEST) },
  };
  const error = { summary: 'error', value: { error: PROBLEMS['uri-too-long'].title } };
  const plain = { schema: { $ref: '#/components/schemas/RoomApiError' }, examples: { error } };
  const described = { description: `Any other problem: ${list}`, headers: REQUEST_ID };
  return {
    [names.everywhere]: { ...described, content: problem },
    // Requests rejected before routing get a problem document on these paths too.
    [names.openRooms]: { ...described, content: { 'application/json': plain, ...problem } },
  };
}
