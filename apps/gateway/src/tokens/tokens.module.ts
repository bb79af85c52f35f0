import { Module } from '@nestjs/common';
import { SealingModule } from '@app/sealing';
import { AdmissionModule } from '../admission/admission.module.js';
import { SessionTokens } from './session-tokens.js';

/** The only place where sealed tokens are opened. */
@Module({
  imports: [SealingModule, AdmissionModule],
  providers: [SessionTokens],
  exports: [SessionTokens],
})
export class TokensModule {}
