import { ConfigService, type SettingsService } from '@app/config';
import { pause } from '@app/kernel';
import { Health } from '@app/observability';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';

/** At SIGTERM: readiness turns red at once, and the gateway goes on serving while load balancers take notice. */
@Injectable()
export class Drain implements OnModuleDestroy {
  constructor(
    private readonly health: Health,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.health.drain();
    const { drainMs } = this.config.get('http', { infer: true });
    if (drainMs > 0) await pause(drainMs);
  }
}
