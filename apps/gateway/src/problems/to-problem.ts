import { IdempotencyKeyReusedError, RoomContendedError } from '@app/entities';
import { StoreUnavailableError } from '@app/kernel';
import { UnknownSealingKeyError } from '@app/sealing';
import { HttpException } from '@nestjs/common';
import { ProblemError } from './problem.js';
import { PROBLEMS, type ProblemCode } from './problem-codes.js';

/** What the frameworks below us refuse by themselves, by the status that they chose. */
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

/** Every error that can reach the edge, as the problem that the caller is told. Foreign text never gets through. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (
    error instanceof StoreUnavailableError ||
    error instanceof RoomContendedError ||
    error instanceof UnknownSealingKeyError
  ) {
    return new ProblemError('unavailable');
  }
  if (error instanceof IdempotencyKeyReusedError) {
    return new ProblemError('idempotency-key-reused', {
      errors: [{ detail: 'was used with another body', header: 'Idempotency-Key' }],
    });
  }
  const status = error instanceof HttpException ? error.getStatus() : fastifyStatus(error);
  return new ProblemError((status === undefined ? undefined : BY_STATUS[status]) ?? 'internal');
}

/**
 * Codes of what Fastify refuses, and of what breaks while it reads a body: the client hangs up (ECONNRESET) or its
 * chunks are none (HPE_…). Fastify has put the status to it.
 */
const FASTIFY_REJECTION = /^(?:FST_|HPE_|ECONNRESET$)/;

function fastifyStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('statusCode' in error)) return undefined;
  return FASTIFY_REJECTION.test(String(error.code)) ? Number(error.statusCode) : undefined;
}

export function isServerError(problem: ProblemError): boolean {
  return PROBLEMS[problem.code].status === 500;
}
