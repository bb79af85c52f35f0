export * from './apps.js';
export { envExample } from './env-example.js';
export { processEnvironment } from './environment.js';
export { type Environment, readSettings } from './read-settings.js';
export { ConfigService, SettingsModule, type SettingsService } from './settings.module.js';
export type { SealingKey } from './topics/sealing.js';
