import { ApiBody, type ApiBodyOptions, ApiHeader, ApiParam, ApiResponse } from '@nestjs/swagger';
import { EXAMPLE_TOKEN_ID, header, REQUEST_ID } from '../openapi/responses.js';
import { openSessionBody, sessionPage, sessionView, type SessionView } from './session.schemas.js';

/** The optional body of open and create, with examples for Swagger UI. */
export const ApiOpenSessionBody = (): MethodDecorator =>
  ApiBody({
    required: false,
    // Supported by the library, but missing from its types.
    standardSchema: openSessionBody,
    examples: {
      nothing: { summary: 'The defaults', value: {} },
      everything: {
        summary: 'Two products, metadata and a deadline',
        value: { products: ['stream', 'sync'], metadata: { match: 'derby' }, readyWithinS: 30 },
      },
    },
  } as ApiBodyOptions);

/** The TokenID in a path. */
export const TokenId = (): MethodDecorator =>
  ApiParam({
    name: 'tokenId',
    description: 'The TokenID that clients share',
    schema: { type: 'string', example: EXAMPLE_TOKEN_ID },
  });

/** The name of a room in a path. */
export const Room = (): MethodDecorator =>
  ApiParam({
    name: 'room',
    description:
      'A stable name chosen by you: 1 to 128 letters, marks and digits of any script, space and `. _ ~ : @ -`, percent-encoded.',
    schema: { type: 'string', example: 'derby' },
  });

/** `Prefer: wait=N`, on operations that can wait. */
export const ApiPrefer = (): MethodDecorator =>
  ApiHeader({
    name: 'Prefer',
    required: false,
    description: '`wait=N` holds the reply until the session is settled or N seconds (at most 30) have passed.',
    schema: { type: 'string' },
    example: 'wait=10',
  });

const READY: SessionView = {
  id: EXAMPLE_TOKEN_ID,
  room: 'derby',
  generation: 1,
  status: 'ready',
  version: 2,
  products: ['stream'],
  tokens: { stream: '<JWT, to be passed to the SDK unchanged>' },
  metadata: { match: 'derby' },
  createdAt: '2026-11-24T20:59:00.000Z',
  readyAt: '2026-11-24T20:59:00.180Z',
  expiresAt: '2026-11-24T22:59:00.000Z',
  failure: null,
};

export const EXAMPLES = {
  ready: READY,
  pending: without(READY, { status: 'pending', version: 1, readyAt: null, expiresAt: null }),
  failed: without(READY, {
    status: 'failed',
    readyAt: null,
    expiresAt: null,
    failure: { code: 'cas-unavailable', detail: 'The token service did not answer in time.', retryable: true },
  }),
};

function without({ tokens: _, ...rest }: SessionView, changes: Partial<SessionView>): SessionView {
  return { ...rest, ...changes };
}

/** A reply with a session. */
export function ApiSession(
  status: number,
  description: string,
  ...examples: (keyof typeof EXAMPLES)[]
): MethodDecorator {
  return ApiResponse({
    status,
    description,
    standardSchema: sessionView,
    examples: Object.fromEntries(examples.map((name) => [name, { summary: name, value: EXAMPLES[name] }])),
    headers: {
      ...REQUEST_ID,
      ...(status === 202 && { 'Retry-After': header('Seconds to wait before asking again', '1') }),
      ...(status !== 200 && { Location: header('URL of the session', `/v1/sessions/${READY.id}`) }),
    },
  });
}

/** A page of sessions. */
export const ApiPage = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'A page of sessions, newest first',
    standardSchema: sessionPage,
    examples: { page: { summary: 'page', value: { items: [EXAMPLES.pending], nextCursor: null } } },
    headers: REQUEST_ID,
  });
