import { ApiBody, type ApiBodyOptions, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { REQUEST_ID } from '../openapi/responses.js';
import { type TicketView, ticketView } from './ticket.schemas.js';

const ISSUED: TicketView = { ticket: 'wtt_<signed part>', expiresAt: '2026-11-24T21:14:00.000Z' };

/** The body of a request for a ticket, with examples for Swagger UI. */
export const ApiTicketBody = (schema: z.ZodType): MethodDecorator =>
  ApiBody({
    required: true,
    // Supported by the library, but missing from its types.
    standardSchema: schema,
    examples: {
      viewer: { summary: 'A person, with the defaults', value: { subject: 'u-4711' } },
      everything: {
        summary: 'An hour of reading the session, without its tokens',
        value: { subject: 'u-4711', name: 'Anna', ttlS: 3600, scopes: ['sessions:read'] },
      },
    },
  } as ApiBodyOptions);

/** The reply with a ticket. */
export const ApiTicket = (): MethodDecorator =>
  ApiResponse({
    status: 201,
    description: 'The ticket',
    standardSchema: ticketView,
    examples: { ticket: { summary: 'ticket', value: ISSUED } },
    headers: REQUEST_ID,
  });
