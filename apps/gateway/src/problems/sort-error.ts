import { IdempotencyKeyReused, RoomContended } from '@app/entities';
import { StoreUnavailable } from '@app/kernel';
import { UnknownSealingKey } from '@app/sealing';
import { HttpException } from '@nestjs/common';
import { AdmissionUnavailable } from '../admission/admission-webhook.js';
import { ProviderUnavailable } from '../access/identity-provider.js';
import { Problem } from './problem.js';
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
export function sortError(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (
    error instanceof StoreUnavailable ||
    error instanceof RoomContended ||
    error instanceof UnknownSealingKey ||
    error instanceof ProviderUnavailable
  ) {
    return new Problem('unavailable');
  }
  if (error instanceof AdmissionUnavailable) return new Problem('admission-unavailable');
  if (error instanceof IdempotencyKeyReused) {
    return new Problem('idempotency-key-reused', {
      errors: [{ detail: 'was used with another body', header: 'Idempotency-Key' }],
    });
  }
  const status = error instanceof HttpException ? error.getStatus() : statusOfFastify(error);
  return new Problem((status === undefined ? undefined : BY_STATUS[status]) ?? 'internal');
}

/**
 * Codes of what Fastify refuses, and of what breaks while it reads a body: the client hangs up (ECONNRESET) or its
 * chunks are none (HPE_…). Fastify has put the status to it.
 */
const REFUSED_BY_FASTIFY = /^(?:FST_|HPE_|ECONNRESET$)/;

function statusOfFastify(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('statusCode' in error)) return undefined;
  return REFUSED_BY_FASTIFY.test(String(error.code)) ? Number(error.statusCode) : undefined;
}

export function isFaultOfOurs(problem: Problem): boolean {
  return PROBLEMS[problem.code].status === 500;
}
