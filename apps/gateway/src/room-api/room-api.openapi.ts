import { applyDecorators } from '@nestjs/common';
import { ApiBody, type ApiBodyOptions, ApiResponse } from '@nestjs/swagger';
import { ProblemError } from '../problems/problem.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem-codes.js';
import { roomApiError } from '../problems/room-api-error.js';
import { createRoomBodyDocument, roomApiErrorBody, roomView } from './room-api.schemas.js';
import { REQUEST_ID, RETRY_AFTER } from '../openapi/responses.js';

const FREE = { playerId: 'player-1', videoId: 'derby' };
const TOKEN = '<JWT, to be passed to the SDK unchanged>';

/** The request body of the drop-in adapter. */
export const ApiCreateRoomBody = (): MethodDecorator =>
  ApiBody({
    required: false,
    standardSchema: createRoomBodyDocument,
    examples: {
      named: { summary: 'A name and free fields', value: { name: 'derby', ...FREE } },
      unnamed: { summary: 'A generated name', value: {} },
    },
  } as ApiBodyOptions);

/** A room of the drop-in adapter. */
export const ApiRoom = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'The room with its tokens and the first creator’s free fields',
    standardSchema: roomView,
    examples: {
      room: {
        summary: 'room',
        value: { name: 'derby', wt_token: TOKEN, sync_token: TOKEN, exp: 1_795_647_540_000, ...FREE },
      },
    },
    headers: REQUEST_ID,
  });

/** Errors of the drop-in adapter, in the shape its clients expect. */
export function ApiRoomErrors(...codes: ProblemCode[]): MethodDecorator {
  return applyDecorators(
    ...codes.map((code) => {
      const problem = new ProblemError(code, code === 'not-found' ? { detail: 'Room not found' } : {});
      const { status, document } = roomApiError(problem, {});
      return ApiResponse({
        status,
        description: status === 500 ? 'Not ready in time, or unavailable: retry' : PROBLEMS[code].title,
        standardSchema: roomApiErrorBody,
        examples: { error: { summary: problem.message, value: document } },
        headers: { ...REQUEST_ID, ...(status === 429 && RETRY_AFTER) },
      });
    }),
  );
}
