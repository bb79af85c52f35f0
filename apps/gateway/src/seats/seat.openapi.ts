import { SEAT_LEASE_S } from '@app/kernel';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, type ApiBodyOptions, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { EXAMPLE_TOKEN_ID, header, REQUEST_ID } from '../openapi/responses.js';
import { heldSeatView, type HeldSeatView, seatPage, takeSeatBody } from './seat.schemas.js';

const EXAMPLE_SEAT_ID = 'seat_8rT2mXc5WqZ0nJv7LkY4Da';

const HELD: HeldSeatView = {
  id: EXAMPLE_SEAT_ID,
  session: EXAMPLE_TOKEN_ID,
  name: 'Anna',
  role: 'participant',
  takenAt: '2026-11-24T21:00:00.000Z',
  leaseUntil: '2026-11-24T21:01:00.000Z',
  leaseS: SEAT_LEASE_S,
};
const TOKENS = { stream: '<JWT, to be passed to the SDK unchanged>' };
const { leaseS: _, ...LISTED } = HELD;

export const ApiTakeSeatBody = (): MethodDecorator =>
  ApiBody({
    // Supported by the library, but missing from its types.
    standardSchema: takeSeatBody,
    examples: {
      participant: { summary: 'A participant', value: { name: 'Anna', role: 'participant' } },
      viewer: { summary: 'A viewer', value: { name: 'Ben', role: 'viewer' } },
    },
  } as ApiBodyOptions);

/** The seat's id in a path. */
export const SeatId = (): MethodDecorator =>
  ApiParam({
    name: 'seatId',
    description: 'The id of the seat',
    schema: { type: 'string' },
    example: EXAMPLE_SEAT_ID,
  });

export const ApiTakenSeat = (): MethodDecorator =>
  ApiResponse({
    status: 201,
    description: 'The seat is taken',
    standardSchema: heldSeatView,
    examples: { seat: { summary: 'seat', value: { ...HELD, tokens: TOKENS } } },
    headers: {
      ...REQUEST_ID,
      Location: header('URL of the seat', `/v1/sessions/${EXAMPLE_TOKEN_ID}/seats/${EXAMPLE_SEAT_ID}`),
    },
  });

export const ApiRenewedSeat = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'The lease is renewed',
    standardSchema: heldSeatView,
    examples: { seat: { summary: 'seat', value: HELD } },
    headers: REQUEST_ID,
  });

export const ApiSeatPage = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'A page of seats, by name',
    standardSchema: seatPage,
    examples: { page: { summary: 'page', value: { items: [LISTED], nextCursor: null } } },
    headers: REQUEST_ID,
  });

export const ApiSeatQueries = (): MethodDecorator =>
  applyDecorators(
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } }),
    ApiQuery({
      name: 'cursor',
      required: false,
      description: '`nextCursor` of the previous page',
      schema: { type: 'string' },
    }),
  );
