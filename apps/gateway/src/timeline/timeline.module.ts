import { EntitiesModule } from '@app/entities';
import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TimelineController } from './timeline.controller.js';
import { TimelinePresenter } from './timeline.presenter.js';
import { TimelineService } from './timeline.service.js';

/** The lives of sessions, for operators. */
@Module({
  imports: [EntitiesModule, SessionsModule],
  controllers: [TimelineController],
  providers: [TimelineService, TimelinePresenter],
  exports: [TimelineService, TimelinePresenter],
})
export class TimelineModule {}
