import { type SandboxSettings, SettingsModule } from '@app/config';
import { LOG, type Log } from '@app/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import { Faults } from './faults/faults.js';
import { FaultsController } from './faults/faults.controller.js';
import { HeldReplies } from './faults/held-replies.js';
import { IndexController } from './index.controller.js';
import { Journal } from './journal/journal.js';
import { JournalController } from './journal/journal.controller.js';
import { LivezController } from './livez.controller.js';
import { TokensController } from './tokens/tokens.controller.js';
import { TokensService } from './tokens/tokens.service.js';
import { TokenIssuer } from './vendor/token-issuer.js';

/** Stand-in for the vendor's CAS, with faults on request. */
@Module({})
export class CasSandboxModule {
  static with(settings: SandboxSettings, log: Log): DynamicModule {
    return {
      module: CasSandboxModule,
      imports: [SettingsModule.with(settings)],
      controllers: [IndexController, TokensController, FaultsController, JournalController, LivezController],
      providers: [{ provide: LOG, useValue: log }, TokensService, TokenIssuer, Faults, HeldReplies, Journal],
    };
  }
}
