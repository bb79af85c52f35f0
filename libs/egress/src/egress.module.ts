import { ConfigService, type SettingsService } from '@app/config';
import { Module } from '@nestjs/common';
import { Egress } from './egress.js';

/** Provides the one `Egress` of the process. */
@Module({
  providers: [
    {
      provide: Egress,
      inject: [ConfigService],
      useFactory: (config: SettingsService<'egress'>) => new Egress(config.get('egress', { infer: true })),
    },
  ],
  exports: [Egress],
})
export class EgressModule {}
