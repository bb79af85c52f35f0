import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CachedReadsModule } from '../cached-reads/cached-reads.module.js';
import { GracefulShutdown } from './graceful-shutdown.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestLog } from './request-log.js';

/** What applies to every request. */
@Module({
  imports: [AuthModule, AuditModule, CachedReadsModule],
  providers: [ProblemFilter, RequestLog, GracefulShutdown],
})
export class ServerModule {}
