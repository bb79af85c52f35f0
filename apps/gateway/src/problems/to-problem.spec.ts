import { IdempotencyKeyReusedError, RoomContendedError } from '@app/entities';
import { StoreUnavailableError } from '@app/kernel';
import { SealBrokenError, UnknownSealingKeyError } from '@app/sealing';
import { describe, expect, it } from '@jest/globals';
import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { ProblemError } from './problem.js';
import { isServerError, toProblem } from './to-problem.js';

function fastifyError(statusCode: number, code = 'FST_ERR_SOMETHING'): Error {
  return Object.assign(new Error('from the framework'), { code, statusCode });
}

describe('an error at the edge', () => {
  it('of our own stays what it is', () => {
    const problem = new ProblemError('products-differ', { detail: 'The session has stream' });
    expect(toProblem(problem)).toBe(problem);
  });

  it.each([
    ['an unavailable store', new StoreUnavailableError('database'), 'unavailable'],
    ['a room that changes too fast', new RoomContendedError('x'), 'unavailable'],
    ['a sealing key that this process does not have', new UnknownSealingKeyError('k9'), 'unavailable'],
    ['a key that stands for another body', new IdempotencyKeyReusedError('x'), 'idempotency-key-reused'],
    ['a seal that is broken', new SealBrokenError('k1'), 'unavailable'],
    ["Nest's 404", new NotFoundException('Cannot GET /secret'), 'not-found'],
    ["Nest's 400", new BadRequestException('x'), 'malformed'],
    ["Nest's 413", new HttpException('x', 413), 'body-too-large'],
    ["Nest's 415", new HttpException('x', 415), 'unsupported-media-type'],
    ["Fastify's 400", fastifyError(400), 'malformed'],
    ["Fastify's 414", fastifyError(414), 'uri-too-long'],
    ["Fastify's 500", fastifyError(500), 'internal'],
    ['a client that hung up', fastifyError(400, 'ECONNRESET'), 'malformed'],
    ['a body in broken chunks', fastifyError(400, 'HPE_INVALID_CHUNK_SIZE'), 'malformed'],
    ['a cut connection of our own', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'internal'],
    ['a bug', new TypeError('x is not a function'), 'internal'],
    ['a foreign error with a status', Object.assign(new Error('x'), { statusCode: 404 }), 'internal'],
    ['what is no error', 'thrown text', 'internal'],
    ['nothing', undefined, 'internal'],
  ])('%s becomes a problem of the list', (_name, error, code) => {
    expect(toProblem(error).code).toBe(code);
  });

  it('never carries the foreign text on', () => {
    for (const error of [new Error('wtk_secret'), new NotFoundException('wtk_secret'), fastifyError(400)]) {
      const { message, details } = toProblem(error);
      expect(message + JSON.stringify(details)).not.toMatch(/wtk_secret|from the framework/);
    }
  });

  it('says which header was reused', () => {
    expect(toProblem(new IdempotencyKeyReusedError('x')).details.errors).toEqual([
      { detail: 'was used with a different body', header: 'Idempotency-Key' },
    ]);
  });

  it('is a server error only if neither the caller nor a dependency caused it', () => {
    expect(isServerError(toProblem(new Error('bug')))).toBe(true);
    expect(isServerError(toProblem(new StoreUnavailableError('queue')))).toBe(false);
    expect(isServerError(toProblem(new NotFoundException()))).toBe(false);
  });
});
