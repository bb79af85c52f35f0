import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiSecurity } from '@nestjs/swagger';
import { requiredScopes, type Route, type RouteName, ROUTES, type TicketUse } from '../routing/routes.js';
import { renderProblem, type FieldError, ProblemError, PROBLEM_MEDIA_TYPE } from '../problems/problem.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem-codes.js';

export const SECURITY_SCHEME = 'credential';

export const header = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const },
  example,
});

/** The TokenID of every example. */
export const EXAMPLE_TOKEN_ID = 'ses_4vX9cQm2LrT7wKz0BnYh1D';

export const REQUEST_ID = { 'Request-Id': header('Request id, for support and logs', 'req_7Yd0Zr4mQp1vT9sKx3Lc') };
export const RETRY_AFTER = { 'Retry-After': header('Seconds to wait', '1') };

const RATE = {
  'RateLimit-Policy': header('The caller’s rate limit: `q` requests per `w` seconds', '"caller";q=20;w=1'),
  RateLimit: header('What remains: `r` requests, reset in `t` seconds', '"caller";r=0;t=1'),
};

/** What the table of routes says of tickets, for readers. */
const TICKETS: Record<TicketUse, string> = {
  session: 'A ticket for the session or its room will do.',
  room: 'A ticket for the room will do.',
  self: 'A ticket will do, for its own subject (`me`).',
};

/** An operation's id, texts and required scope, from the table of routes. */
export function Operation(name: RouteName, summary: string, description: string): MethodDecorator {
  const route: Route = ROUTES[name];
  const scopes = requiredScopes(route);
  const named = scopes.map((scope) => `\`${scope}\``).join(' and ');
  const tickets = route.ticket === undefined ? '' : ` ${TICKETS[route.ticket]}`;
  const only = route.keysOnly === true ? ' Only API keys may do this.' : '';
  const needs =
    scopes.length === 0 ? '' : `\n\nRequires the scope${scopes.length === 1 ? '' : 's'} ${named}.${tickets}${only}`;
  return applyDecorators(
    ApiOperation({
      operationId: name,
      summary,
      description: `${description}${needs}`,
      // Said explicitly: without it a reader cannot tell a public operation from a forgotten one.
      ...(scopes.length === 0 && { security: [] }),
    }),
    ...(scopes.length === 0 ? [] : [ApiSecurity(SECURITY_SCHEME)]),
  );
}

/** Example errors of problem documents. */
const EXAMPLE_ERRORS: Partial<Record<ProblemCode, FieldError[]>> = {
  'name-taken': [{ detail: 'is taken', pointer: '#/name' }],
  'validation-failed': [{ detail: 'must be one of stream, sync', pointer: '#/products/0' }],
  'idempotency-key-reused': [{ detail: 'was used with a different body', header: 'Idempotency-Key' }],
};

/** Problems of every route with a scope. */
const AUTH_PROBLEMS: ProblemCode[] = ['unauthenticated', 'rate-limited', 'insufficient-scope'];

/** The problem documents of a route with a scope, with one example per code. */
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
  const suggestion = code === 'name-taken' ? 'Anna 2' : undefined;
  const problem = new ProblemError(code, {
    ...(errors !== undefined && { errors }),
    ...(suggestion !== undefined && { suggestion }),
  });
  return renderProblem(problem, '/v1/sessions', 'req_7Yd0Zr4mQp1vT9sKx3Lc').document;
}
