import { ConnectionsModule } from '@app/connections';
import { Global, Module } from '@nestjs/common';
import { SessionEvents } from './session-events.js';

@Global()
@Module({ imports: [ConnectionsModule], providers: [SessionEvents], exports: [SessionEvents] })
export class EventsModule {}
