import { Module } from '@nestjs/common';
import { EntitiesModule } from '@app/entities';
import { EventsModule } from '@app/events';
import { HealthController } from './health.controller.js';
import { HealthMetrics } from './health.metrics.js';

/** Liveness, readiness, and the metrics of what this gateway depends on. */
@Module({
  imports: [EntitiesModule, EventsModule],
  controllers: [HealthController],
  providers: [HealthMetrics],
})
export class HealthModule {}
