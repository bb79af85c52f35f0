import { type SandboxSettings, SettingsModule } from '@app/config';
import { LOG, type Log } from '@app/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import { Faults } from './faults/faults.js';
import { FaultsController } from './faults/faults.controller.js';
import { HeldReplies } from './faults/held-replies.js';
import { Journal } from './journal/journal.js';
import { JournalController } from './journal/journal.controller.js';
import { LivezController } from './livez.controller.js';
import { TokenIssuer } from './vendor/token-issuer.js';
import { VendorController } from './vendor/vendor.controller.js';
import { VendorService } from './vendor/vendor.service.js';

@Module({})
export class CasSandboxModule {
  static with(settings: SandboxSettings, log: Log): DynamicModule {
    return {
      module: CasSandboxModule,
      imports: [SettingsModule.with(settings)],
      controllers: [VendorController, FaultsController, JournalController, LivezController],
      providers: [{ provide: LOG, useValue: log }, VendorService, TokenIssuer, Faults, HeldReplies, Journal],
    };
  }
}
