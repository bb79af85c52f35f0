import { ConfigService, type SettingsService } from '@app/config';
import { Inject, Injectable } from '@nestjs/common';

export interface CasKeyPair {
  apiKey: string;
  apiSecret: string;
}

/** Asked before every call, so that a new key pair needs no restart of the client. */
@Injectable()
export class CasCredentials {
  constructor(@Inject(ConfigService) private readonly config: SettingsService<'cas'>) {}

  current(): CasKeyPair {
    const { apiKey, apiSecret } = this.config.get('cas', { infer: true });
    return { apiKey, apiSecret };
  }
}
