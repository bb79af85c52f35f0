import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { SeatsModule } from '../seats/seats.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { SessionEventsController } from './session-events.controller.js';
import { SseHub } from './sse-hub.js';

/** A session’s states as server-sent events. */
@Module({
  imports: [AuthModule, SessionsModule, SeatsModule],
  controllers: [SessionEventsController],
  providers: [SseHub],
})
export class SseModule {}
