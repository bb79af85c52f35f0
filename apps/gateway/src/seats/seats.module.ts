import { EntitiesModule } from '@app/entities';
import { EventsModule } from '@app/events';
import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { SeatWatcher } from './seat-watcher.js';
import { SeatsController } from './seats.controller.js';
import { SeatsService } from './seats.service.js';

/** Seats of a session: take, renew, free, list, count. */
@Module({
  imports: [EntitiesModule, EventsModule, AdmissionModule, SessionsModule, TokensModule],
  controllers: [SeatsController],
  providers: [SeatsService, SeatWatcher],
  exports: [SeatWatcher],
})
export class SeatsModule {}
