export { EventsModule } from './events.module.js';
export { SessionEvents, type SessionEventsListener } from './session-events.js';
