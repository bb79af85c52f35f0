import { IdempotencyKeyReusedError, RoomContendedError } from '@app/entities';
import { StoreUnavailableError } from '@app/kernel';
import { SealBrokenError, UnknownSealingKeyError } from '@app/sealing';
import { HttpException } from '@nestjs/common';
import { ProblemError } from './problem.js';
import { PROBLEMS, type ProblemCode } from './problem-codes.js';

/** Rejections by Nest and Fastify, by their status. */
const BY_STATUS: Partial<Record<number, ProblemCode>> = {
  400: 'malformed',
  404: 'not-found',
  408: 'request-timeout',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  431: 'headers-too-large',
  503: 'unavailable',
};

/** Maps every error to the problem that the caller is told. Foreign text never gets through. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (
    error instanceof StoreUnavailableError ||
    error instanceof RoomContendedError ||
    error instanceof UnknownSealingKeyError ||
    error instanceof SealBrokenError
  ) {
    return new ProblemError('unavailable');
  }
  if (error instanceof IdempotencyKeyReusedError) {
    return new ProblemError('idempotency-key-reused', {
      errors: [{ detail: 'was used with a different body', header: 'Idempotency-Key' }],
    });
  }
  const status = error instanceof HttpException ? error.getStatus() : fastifyStatus(error);
  return new ProblemError((status === undefined ? undefined : BY_STATUS[status]) ?? 'internal');
}

/**
 * Error codes of Fastify's rejections and of failures while it reads a body: the client disconnects (ECONNRESET) or
 * sends invalid chunks (HPE_…). Fastify sets the status.
 */
const FASTIFY_REJECTION = /^(?:FST_|HPE_|ECONNRESET$)/;

function fastifyStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('statusCode' in error)) return undefined;
  return FASTIFY_REJECTION.test(String(error.code)) ? Number(error.statusCode) : undefined;
}

export function isServerError(problem: ProblemError): boolean {
  return PROBLEMS[problem.code].status === 500;
}
