import { Module } from '@nestjs/common';
import { EntitiesModule } from '@app/entities';
import { AuditController } from './audit.controller.js';
import { AuditTrail } from './audit-trail.js';

/** The audit trail: counted here, read by administrators. It imports the database, so that the last counts are written before that closes. */
@Module({
  imports: [EntitiesModule],
  controllers: [AuditController],
  providers: [AuditTrail],
  exports: [AuditTrail],
})
export class AuditModule {}
