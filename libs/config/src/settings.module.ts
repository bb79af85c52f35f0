import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import type { AllSettings } from './apps.js';

export { ConfigService };

/** What a library asks for that needs some namespaces: `SettingsService<'database' | 'queue'>`. */
export type SettingsService<T extends keyof AllSettings> = ConfigService<Pick<AllSettings, T>, true>;

/** Makes settings that were read in `main.ts` available everywhere. Tests pass their own. */
@Module({})
export class SettingsModule {
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
