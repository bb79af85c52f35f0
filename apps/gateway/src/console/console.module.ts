import { EntitiesModule } from '@app/entities';
import { BoardQueues } from '@app/queue';
import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CachedReadsModule } from '../cached-reads/cached-reads.module.js';
import { FleetModule } from '../fleet/fleet.module.js';
import { PoolModule } from '../pool/pool.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TimelineModule } from '../timeline/timeline.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { BoardRoutes } from './board/board.routes.js';
import { ConsoleAccess } from './console-access.js';
import { ConsoleOverview } from './console-overview.js';
import { ConsolePool } from './console-pool.js';
import { ConsoleSessions } from './console-sessions.js';
import { ConsoleRoutes } from './console.routes.js';

/** What operators see and do, on the ops port. */
@Module({
  imports: [
    EntitiesModule,
    AuthModule,
    AuditModule,
    CachedReadsModule,
    FleetModule,
    PoolModule,
    SessionsModule,
    TimelineModule,
    WebhooksModule,
  ],
  providers: [BoardQueues, BoardRoutes, ConsoleAccess, ConsoleOverview, ConsolePool, ConsoleSessions, ConsoleRoutes],
})
export class ConsoleModule {}
