import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TicketsController } from './tickets.controller.js';
import { TicketsService } from './tickets.service.js';

/** Tickets: credentials for browsers, bound to one session or room. */
@Module({
  imports: [AuthModule, AuditModule, SessionsModule],
  controllers: [TicketsController],
  providers: [TicketsService],
})
export class TicketsModule {}
