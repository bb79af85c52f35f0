import { applyDecorators } from '@nestjs/common';
import { ApiQuery, ApiResponse } from '@nestjs/swagger';
import { type AuditPage, auditPage } from './audit.schemas.js';
import { EXAMPLE_TOKEN_ID, REQUEST_ID } from '../openapi/responses.js';

const PAGE: AuditPage = {
  items: [
    {
      at: '2026-11-24T20:59:07.214Z',
      actor: 'key:backend',
      action: 'close',
      session: EXAMPLE_TOKEN_ID,
      count: 1,
      reason: 'duplicate of another room',
    },
    {
      at: '2026-11-24T20:59:00.000Z',
      actor: 'user:https://login.example.com#anna',
      action: 'read-tokens',
      session: EXAMPLE_TOKEN_ID,
      count: 3,
      reason: null,
    },
    {
      at: '2026-11-24T20:58:00.000Z',
      actor: 'key:reader',
      action: 'denied:insufficient-scope',
      session: null,
      count: 12,
      reason: null,
    },
  ],
  nextCursor: null,
};

/** Filters of the audit trail. */
export const ApiAuditQuery = (): MethodDecorator =>
  applyDecorators(
    ApiQuery({
      name: 'session',
      required: false,
      description: 'A TokenID, or the id of a chat token or webhook',
      schema: { type: 'string' },
    }),
    ApiQuery({
      name: 'actor',
      required: false,
      description:
        'The actor, exactly as in the items: `key:<id>`, `user:<issuer>#<subject>`, `ticket:<key id>#<subject>`, `user:erased`, `room-api`, `cli` or `console`',
      schema: { type: 'string' },
    }),
    ApiQuery({
      name: 'from',
      required: false,
      description:
        'Only entries from this time on, such as `2026-11-24T20:00:00Z`. Counted entries carry the start of their minute.',
      schema: { type: 'string', format: 'date-time' },
    }),
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } }),
    ApiQuery({
      name: 'cursor',
      required: false,
      description: '`nextCursor` of the previous page',
      schema: { type: 'string' },
    }),
  );

/** A page of the audit trail. */
export const ApiAuditPage = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'A page of the audit trail, newest first',
    standardSchema: auditPage,
    examples: { page: { summary: 'page', value: PAGE } },
    headers: REQUEST_ID,
  });
