import { type GatewaySettings, SettingsModule } from '@app/config';
import { Database, EntitiesModule } from '@app/entities';
import { EventsModule } from '@app/events';
import { Health, type Log, ObservabilityModule } from '@app/observability';
import { QueueModule } from '@app/queue';
import { SealingModule } from '@app/sealing';
import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeyAuthenticator } from './auth/api-key.authenticator.js';
import { AuthHook } from './auth/auth.hook.js';
import { RemoteJwks } from './auth/remote-jwks.js';
import { JwtAuthenticator } from './auth/jwt.authenticator.js';
import { RateLimiter } from './auth/rate-limiter.js';
import { Admission, admissionPolicy } from './admission/admission.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditTrail } from './audit/audit-trail.js';
import { GracefulShutdown } from './server/graceful-shutdown.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { HealthController } from './health/health.controller.js';
import { ProblemFilter } from './server/problem.filter.js';
import { RoomApiController } from './room-api/room-api.controller.js';
import { RoomApiLimits } from './room-api/room-api-limits.js';
import { RoomApiService } from './room-api/room-api.service.js';
import { PendingLimit } from './sessions/pending-limit.js';
import { RoomsController } from './sessions/rooms.controller.js';
import { SessionPresenter } from './sessions/session.presenter.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SessionsService } from './sessions/sessions.service.js';
import { SessionWatcher } from './sessions/session-watcher.js';
import { SessionWaiter } from './sessions/session-waiter.js';
import { SessionEventsController } from './sse/session-events.controller.js';
import { SseHub } from './sse/sse-hub.js';

/** HTTP in, rows and jobs out. Never calls CAS. */
@Module({})
export class GatewayModule {
  static async with(settings: GatewaySettings, log: Log): Promise<DynamicModule> {
    return {
      module: GatewayModule,
      imports: [
        await SettingsModule.with(settings),
        ObservabilityModule.with(log, { opsPort: true }),
        EntitiesModule,
        QueueModule.with(settings.queue, settings.database.url),
        EventsModule,
        SealingModule,
      ],
      controllers: [
        RoomsController,
        SessionsController,
        SessionEventsController,
        AuditController,
        RoomApiController,
        HealthController,
      ],
      providers: [
        ApiKeyAuthenticator,
        RemoteJwks,
        JwtAuthenticator,
        RateLimiter,
        AuthHook,
        Admission,
        admissionPolicy,
        AuditTrail,
        ProblemFilter,
        SessionsService,
        PendingLimit,
        SessionPresenter,
        SessionWatcher,
        SessionWaiter,
        SseHub,
        RoomApiService,
        RoomApiLimits,
        GatewayMetrics,
        GracefulShutdown,
      ],
    };
  }

  constructor(health: Health, database: Database) {
    health.registerReady('database', async () => (await database.query('SELECT 1')).length === 1);
  }
}
