import { type DynamicModule, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import type { AllSettings } from './apps.js';
import { processEnvironment } from './environment.js';
import { describeNearMiss, nearMisses } from './near-misses.js';

export { ConfigService };

/** The config service restricted to the namespaces a library needs: `SettingsService<'database' | 'queue'>`. */
export type SettingsService<T extends keyof AllSettings> = ConfigService<Pick<AllSettings, T>, true>;

/**
 * Provides the settings read in `main.ts` to every module (tests pass their own), and warns at startup about variables
 * whose name is likely misspelled.
 */
@Module({})
export class SettingsModule implements OnModuleInit {
  private readonly log = new Logger(SettingsModule.name);

  onModuleInit(): void {
    for (const miss of nearMisses(processEnvironment())) this.log.warn(describeNearMiss(miss));
  }

  static async with(settings: object): Promise<DynamicModule> {
    return {
      module: SettingsModule,
      imports: [
        await ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true,
          load: [() => settings],
        }),
      ],
    };
  }
}
