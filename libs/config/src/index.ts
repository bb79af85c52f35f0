export * from './apps.js';
export { envExample } from './env-example.js';
export { processEnvironment } from './environment.js';
export { describeNearMiss, type NearMiss, nearMisses } from './near-misses.js';
export { type Environment, type Examination, examineSettings, readSettings } from './read-settings.js';
export { readSecretFile } from './secret-file.js';
export { ConfigService, SettingsModule, type SettingsService } from './settings.module.js';
export { HEADER_TEXT } from './namespaces/cas.js';
export type { SealingKey } from './namespaces/sealing.js';
