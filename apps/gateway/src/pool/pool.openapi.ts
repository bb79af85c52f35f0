import { applyDecorators } from '@nestjs/common';
import { ApiBody, type ApiBodyOptions, ApiResponse } from '@nestjs/swagger';
import { REQUEST_ID } from '../openapi/responses.js';
import { type PoolPlanBody, poolPlanBody, type PoolView, poolView } from './pool.schemas.js';

const PLAN = {
  targets: [{ products: ['stream', 'sync'], target: 200 }],
  schedule: [
    {
      products: ['stream', 'sync'],
      at: '2026-11-28T19:45:00.000Z',
      until: '2026-11-28T21:15:00.000Z',
      target: 10_000,
    },
  ],
} satisfies PoolPlanBody;

const POOL: PoolView = {
  ...PLAN,
  changedAt: '2026-11-24T20:59:00.000Z',
  levels: [{ products: ['stream', 'sync'], target: 200, level: 198, minting: 2, oldestS: 412.5 }],
};

/** The pool. */
export const ApiPool = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'The plan and the level',
    standardSchema: poolView,
    examples: { pool: { summary: 'pool', value: POOL } },
    headers: REQUEST_ID,
  });

/** A plan, and the pool under it. */
export const ApiPoolPlan = (): MethodDecorator =>
  applyDecorators(
    ApiBody({
      required: true,
      // Supported by the library, but missing from its types.
      standardSchema: poolPlanBody,
      examples: {
        'a kick-off': { summary: 'a kick-off', value: PLAN },
        off: { summary: 'off', value: { targets: [], schedule: [] } },
      },
    } as ApiBodyOptions),
    ApiPool(),
  );
