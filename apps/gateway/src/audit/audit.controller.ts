import { AuditRepository } from '@app/entities';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ApiAuditPage, ApiAuditQuery } from './audit.openapi.js';
import { auditCursor, type AuditQuery, auditQuery } from './audit-query.js';
import type { AuditPage } from './audit.schemas.js';

@ApiTags('Audit')
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly repository: AuditRepository) {}

  @Get()
  @Operation(
    'readAudit',
    'Read the audit trail',
    'Who did what, newest first. Changes of sessions are recorded in their transaction; reads of tokens and denials ' +
      'are counted per caller, session and minute, and appear about a second later.',
  )
  @ApiAuditQuery()
  @ApiAuditPage()
  @ApiProblems('malformed', 'validation-failed', 'unavailable')
  async read(@Query({ schema: auditQuery }) { cursor, ...filter }: AuditQuery): Promise<AuditPage> {
    const { items, next } = await this.repository.list({ ...filter, after: cursor });
    return {
      items: items.map(({ at, ...item }) => ({ ...item, at: at.toISOString() })),
      nextCursor: next === null ? null : auditCursor.encode(next),
    };
  }
}
