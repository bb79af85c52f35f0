import { ConfigService, type SettingsService } from '@app/config';
import { LOG, type Log } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';

/** Says at boot what would otherwise look like a fault later: calls that browsers or the admission service refuse. */
@Injectable()
export class RoomApiBootLog implements OnApplicationBootstrap {
  constructor(
    @Inject(ConfigService) private readonly config: SettingsService<'roomApi' | 'admission'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    const { on, origins } = this.config.get('roomApi', { infer: true });
    if (!on) return;
    if (origins.length === 0) {
      this.log.warn(
        'ROOM_API=on without ROOM_API_ORIGINS: browsers let no page of another origin call the room API; see docs/moving-over.md',
      );
    }
    if (this.config.get('admission', { infer: true }) !== null) {
      this.log.warn(
        'ROOM_API=on with ADMISSION_URL: the admission service is asked about callers of kind anonymous and rooms named open:<name>, and must allow them; see docs/moving-over.md',
      );
    }
  }
}
