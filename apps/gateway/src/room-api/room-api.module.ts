import { Module } from '@nestjs/common';
import { EntitiesModule } from '@app/entities';
import { SessionsModule } from '../sessions/sessions.module.js';
import { RoomApiBootLog } from './room-api-boot-log.js';
import { RoomApiController } from './room-api.controller.js';
import { RoomApiLimits } from './room-api-limits.js';
import { RoomApiService } from './room-api.service.js';

/** The drop-in adapter: the contract of the vendor’s demo server. */
@Module({
  imports: [EntitiesModule, SessionsModule],
  controllers: [RoomApiController],
  providers: [RoomApiService, RoomApiLimits, RoomApiBootLog],
})
export class RoomApiModule {}
