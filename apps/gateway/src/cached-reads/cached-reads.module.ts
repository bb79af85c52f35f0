import { EntitiesModule } from '@app/entities';
import { EventsModule } from '@app/events';
import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { CachedReads } from './cached-reads.js';
import { SessionReplyCache } from './session-reply-cache.js';

/** Reads of ready sessions from memory. */
@Module({
  imports: [EntitiesModule, EventsModule, AdmissionModule, AuditModule],
  providers: [CachedReads, SessionReplyCache],
  exports: [CachedReads, SessionReplyCache],
})
export class CachedReadsModule {}
