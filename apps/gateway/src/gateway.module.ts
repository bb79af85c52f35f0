import { type GatewaySettings, SettingsModule } from '@app/config';
import { Database, EntitiesModule } from '@app/entities';
import { EventsModule } from '@app/events';
import { Health, type Log, ObservabilityModule } from '@app/observability';
import { QueueModule } from '@app/queue';
import { SealingModule } from '@app/sealing';
import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeys } from './access/api-keys.js';
import { Gatekeeper } from './access/gatekeeper.js';
import { IdentityProvider } from './access/identity-provider.js';
import { Persons } from './access/persons.js';
import { Rates } from './access/rates.js';
import { Admission, admissionRule } from './admission/admission.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditTrail } from './audit/audit-trail.js';
import { Drain } from './drain.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { HealthController } from './health/health.controller.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { OpenRoomsController } from './room-api/open-rooms.controller.js';
import { OpenRoomLimits } from './room-api/open-room-limits.js';
import { OpenRooms } from './room-api/open-rooms.js';
import { Backlog } from './sessions/backlog.js';
import { RoomsController } from './sessions/rooms.controller.js';
import { SessionPresenter } from './sessions/session.presenter.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SessionsService } from './sessions/sessions.service.js';
import { SessionFeed } from './sessions/session-feed.js';
import { Waits } from './sessions/waits.js';
import { StreamsController } from './streams/streams.controller.js';
import { Streams } from './streams/streams.js';

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
        StreamsController,
        AuditController,
        OpenRoomsController,
        HealthController,
      ],
      providers: [
        ApiKeys,
        IdentityProvider,
        Persons,
        Rates,
        Gatekeeper,
        Admission,
        admissionRule,
        AuditTrail,
        ProblemFilter,
        SessionsService,
        Backlog,
        SessionPresenter,
        SessionFeed,
        Waits,
        Streams,
        OpenRooms,
        OpenRoomLimits,
        GatewayMetrics,
        Drain,
      ],
    };
  }

  constructor(health: Health, database: Database) {
    health.registerReady('database', async () => (await database.rows('SELECT 1')).length === 1);
  }
}
