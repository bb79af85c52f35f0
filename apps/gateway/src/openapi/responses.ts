import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiSecurity } from '@nestjs/swagger';
import { type RouteName, ROUTES } from '../routing/routes.js';
import { renderProblem, type FieldError, ProblemError, PROBLEM_MEDIA_TYPE } from '../problems/problem.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem-codes.js';
import { sessionPage, sessionView, type SessionView } from '../sessions/session.schemas.js';

export const SECURITY_SCHEME = 'credential';

const header = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const },
  example,
});

export const REQUEST_ID = { 'Request-Id': header('The id of this request, for the logs', 'req_7Yd0Zr4mQp1vT9sKx3Lc') };
export const RETRY_AFTER = { 'Retry-After': header('Seconds to wait', '1') };

const RATE = {
  'RateLimit-Policy': header('The caller’s rate: `q` requests in `w` seconds', '"caller";q=20;w=1'),
  RateLimit: header('What is left of it: `r` requests, full again in `t` seconds', '"caller";r=0;t=1'),
};

/** What an operation is, and the scope that it needs, from the one table of routes. */
export function Operation(name: RouteName, summary: string, description: string): MethodDecorator {
  const { scope } = ROUTES[name];
  const needs = scope === null ? '' : `\n\nNeeds the scope \`${scope}\`.`;
  return applyDecorators(
    ApiOperation({ operationId: name, summary, description: `${description}${needs}` }),
    ...(scope === null ? [] : [ApiSecurity(SECURITY_SCHEME)]),
  );
}

/** `Prefer: wait=N`, where a reply may be held. */
export const ApiPrefer = (): MethodDecorator =>
  ApiHeader({
    name: 'Prefer',
    required: false,
    description: '`wait=N` holds the reply until the session is settled or N seconds (at most 30) are over.',
    schema: { type: 'string' },
    example: 'wait=10',
  });

const READY: SessionView = {
  id: 'ses_4vX9cQm2LrT7wKz0BnYh1D',
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

/** A reply that shows a session. */
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
      ...(status === 202 && { 'Retry-After': header('Seconds after which it is worth asking again', '1') }),
      ...(status !== 200 && { Location: header('Where the session can be read', `/v1/sessions/${READY.id}`) }),
    },
  });
}

/** A reply that lists sessions. */
export const ApiPage = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'A page of sessions, newest first',
    standardSchema: sessionPage,
    examples: { page: { summary: 'page', value: { items: [EXAMPLES.pending], nextCursor: null } } },
    headers: REQUEST_ID,
  });

/** Where an example of a problem would point to. */
const EXAMPLE_ERRORS: Partial<Record<ProblemCode, FieldError[]>> = {
  'validation-failed': [{ detail: 'must be one of stream, sync', pointer: '#/products/0' }],
  'idempotency-key-reused': [{ detail: 'was used with another body', header: 'Idempotency-Key' }],
};

/** What a route with a scope may answer before it is entered. */
const AUTH_PROBLEMS: ProblemCode[] = ['unauthenticated', 'rate-limited', 'insufficient-scope'];

/** What a route adds that asks the customer's own logic. */
export const ADMISSION_PROBLEMS: ProblemCode[] = ['admission-denied', 'admission-unavailable'];

/** The problem documents of a route with a scope, with an example for each code. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  const all = [...AUTH_PROBLEMS, ...codes];
  const byStatus = Map.groupBy(all, (code) => PROBLEMS[code].status);
  return applyDecorators(
    ...[...byStatus].map(([status, sharing]) =>
      ApiResponse({
        status,
        description: sharing.map((code) => PROBLEMS[code].title).join(' · '),
        headers: {
          ...REQUEST_ID,
          ...(status === 401 && { 'WWW-Authenticate': header('How to authenticate', 'Bearer realm="watchtogether"') }),
          ...((status === 503 || status === 429) && RETRY_AFTER),
          ...(status === 429 && RATE),
        },
        content: {
          [PROBLEM_MEDIA_TYPE]: {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: problemExamples(sharing),
          },
        },
      }),
    ),
  );
}

export function problemExamples(codes: ProblemCode[]) {
  return Object.fromEntries(codes.map((code) => [code, { summary: PROBLEMS[code].title, value: example(code) }]));
}

function example(code: ProblemCode) {
  const errors = EXAMPLE_ERRORS[code];
  const problem = new ProblemError(code, errors === undefined ? {} : { errors });
  return renderProblem(problem, '/v1/sessions', 'req_7Yd0Zr4mQp1vT9sKx3Lc').document;
}
