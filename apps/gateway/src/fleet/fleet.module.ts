import { Module } from '@nestjs/common';
import { EntitiesModule } from '@app/entities';
import { SessionsModule } from '../sessions/sessions.module.js';
import { FleetWatch } from './fleet-watch.js';
import { gatewayReporter } from './gateway-reporter.js';

/** All gateways and workers: this one reports itself, and looks at the others. */
@Module({
  imports: [EntitiesModule, SessionsModule],
  providers: [gatewayReporter, FleetWatch],
  exports: [FleetWatch, gatewayReporter],
})
export class FleetModule {}
