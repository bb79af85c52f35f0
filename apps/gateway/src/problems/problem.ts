import { scrub } from '@app/observability';
import { wwwAuthenticate } from './www-authenticate.js';
import { PROBLEMS, type ProblemCode } from './problem-codes.js';

/** One error in a request and its location: in the body (JSON Pointer), in path or query, or in a header. */
export type FieldError =
  { detail: string; pointer: string } | { detail: string; parameter: string } | { detail: string; header: string };

export interface ProblemDetails {
  /** One sentence for the reader; defaults to the code's title. Never foreign text. */
  detail?: string;
  errors?: FieldError[];
  /** A name that was free, instead of one that is taken. */
  suggestion?: string;
  headers?: Record<string, string>;
  /** The session of a denial, for the audit trail; not disclosed to the caller. */
  sessionId?: string;
}

/** RFC 9457 problem document. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ProblemCode;
  retryable: boolean;
  requestId: string;
  errors?: FieldError[];
  suggestion?: string;
}

/** Thrown anywhere in the gateway to answer with a problem document. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly details: ProblemDetails = {},
    options?: { cause?: unknown },
  ) {
    super(details.detail ?? PROBLEMS[code].title, options);
    this.name = new.target.name;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The problem document that answers this request; null if there is none. */
    problem: ProblemError | null;
  }
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Seconds to wait before asking again, for 429 and 503. */
const RETRY_AFTER_S = 1;

/**
 * Status, headers and document of a problem. `path` is the request's, without its query. A credential in the wrong place
 * is not repeated, since clients log and show problem documents.
 */
export function renderProblem(problem: ProblemError, path: string, requestId: string) {
  const { status, title, retryable } = PROBLEMS[problem.code];
  const { errors, suggestion } = problem.details;
  const document: ProblemDocument = {
    type: `urn:watchtogether:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    instance: quoted(path),
    code: problem.code,
    retryable,
    requestId,
    ...(errors !== undefined && { errors: errors.map(withoutSecrets) }),
    ...(suggestion !== undefined && { suggestion: quoted(suggestion) }),
  };
  const headers: Record<string, string> = {
    'content-type': PROBLEM_MEDIA_TYPE,
    'request-id': requestId,
    ...(status === 401 && wwwAuthenticate({})),
    ...((status === 503 || status === 429) && { 'retry-after': String(RETRY_AFTER_S) }),
    ...problem.details.headers,
  };
  return { status, headers, document };
}

/** The location of an error may be a name chosen by the caller. */
function withoutSecrets(fault: FieldError): FieldError {
  if ('pointer' in fault) return { ...fault, pointer: quoted(fault.pointer) };
  return 'parameter' in fault ? { ...fault, parameter: quoted(fault.parameter) } : fault;
}

/** Characters of a caller's text that a problem document repeats, and those that are searched for secrets before. */
const MAX_QUOTED = 300;
const MAX_SEARCHED = 4096;

/** A caller's text as problem documents repeat it: bounded first, so that its length costs nothing, and without secrets. */
function quoted(text: string): string {
  const masked = scrub(text.slice(0, MAX_SEARCHED));
  return masked.length <= MAX_QUOTED ? masked : `${masked.slice(0, MAX_QUOTED).toWellFormed()}…`;
}
