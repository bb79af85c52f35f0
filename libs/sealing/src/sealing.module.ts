import { ConfigService, type SettingsService } from '@app/config';
import { Inject, Injectable, Module } from '@nestjs/common';
import { KeyRing } from './key-ring.js';

/** The key ring of this process, from `TOKEN_ENCRYPTION_KEYS`. */
@Injectable()
export class Sealing extends KeyRing {
  constructor(@Inject(ConfigService) config: SettingsService<'sealing'>) {
    super(config.get('sealing', { infer: true }).keys);
  }
}

@Module({ providers: [Sealing], exports: [Sealing] })
export class SealingModule {}
