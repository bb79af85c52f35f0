import { type GatewaySettings, SettingsModule } from '@app/config';
import { ConnectionsModule, Postgres } from '@app/connections';
import { Database, EntitiesModule } from '@app/entities';
import { Health, type Log, ObservabilityModule } from '@app/observability';
import { MintTokensQueue, QueueModule } from '@app/queue';
import { TraceExportModule } from '@app/trace-export';
import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './audit/audit.module.js';
import { ChatModule } from './chat/chat.module.js';
import { ConsoleModule } from './console/console.module.js';
import { FleetModule } from './fleet/fleet.module.js';
import { HealthModule } from './health/health.module.js';
import { PoolModule } from './pool/pool.module.js';
import { RoomApiModule } from './room-api/room-api.module.js';
import { SeatsModule } from './seats/seats.module.js';
import { ServerModule } from './server/server.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { SseModule } from './sse/sse.module.js';
import { TicketsModule } from './tickets/tickets.module.js';
import { TimelineModule } from './timeline/timeline.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** HTTP in, rows and jobs out. Never calls CAS. */
@Module({})
export class GatewayModule {
  static async with(settings: GatewaySettings, log: Log): Promise<DynamicModule> {
    return {
      module: GatewayModule,
      imports: [
        await SettingsModule.with(settings),
        ObservabilityModule.with(log, { opsPort: true }),
        TraceExportModule.with(settings),
        ConnectionsModule,
        EntitiesModule,
        QueueModule.with(settings.queue),
        ServerModule,
        SessionsModule,
        SeatsModule,
        SseModule,
        TimelineModule,
        TicketsModule,
        ChatModule,
        AuditModule,
        WebhooksModule,
        PoolModule,
        RoomApiModule,
        HealthModule,
        FleetModule,
        ConsoleModule,
      ],
    };
  }

  constructor(health: Health, database: Database, postgres: Postgres, queue: MintTokensQueue) {
    health.registerReady('database', { check: () => database.assertUsable(), place: () => postgres.place });
    health.registerNotice('queue-paused', () => queue.isPaused());
  }
}
