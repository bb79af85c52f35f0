import { Module } from '@nestjs/common';
import { EntitiesModule } from '@app/entities';
import { EventsModule } from '@app/events';
import { AdmissionModule } from '../admission/admission.module.js';
import { CachedReadsModule } from '../cached-reads/cached-reads.module.js';
import { PoolModule } from '../pool/pool.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { OpeningsMetrics } from './openings.metrics.js';
import { PendingLimit } from './pending-limit.js';
import { RotationController } from './rotation.controller.js';
import { RotationService } from './rotation.service.js';
import { RoomsController } from './rooms.controller.js';
import { SessionFailuresMetrics } from './session-failures.metrics.js';
import { SessionPresenter } from './session.presenter.js';
import { SessionWaiter } from './session-waiter.js';
import { SessionWatcher } from './session-watcher.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { Successors } from './successors.js';

/** Rooms and sessions: open, create, read, wait, retry, close, list. */
@Module({
  imports: [EntitiesModule, EventsModule, AdmissionModule, PoolModule, TokensModule, CachedReadsModule],
  controllers: [RoomsController, SessionsController, RotationController],
  providers: [
    SessionsService,
    RotationService,
    Successors,
    PendingLimit,
    SessionPresenter,
    SessionWatcher,
    SessionWaiter,
    SessionFailuresMetrics,
    OpeningsMetrics,
  ],
  exports: [
    SessionsService,
    SessionPresenter,
    SessionWatcher,
    SessionWaiter,
    PendingLimit,
    Successors,
    OpeningsMetrics,
  ],
})
export class SessionsModule {}
