export { type ApiKeyRecord, ApiKeysRepository, type ListedApiKey, type NewApiKey } from './api-keys.repository.js';
export {
  type AuditCount,
  type AuditFilter,
  type AuditItem,
  type AuditPlace,
  AuditRepository,
} from './audit.repository.js';
export { Database, type Statements } from './database.js';
export { DatabaseClock } from './database-clock.js';
export { type DatabaseFindings, examineDatabase } from './examine-database.js';
export { EntitiesModule } from './entities.module.js';
export { type MintTask, type Publication, PublishingRepository, type SealedToken } from './publishing.repository.js';
export { type KeyUse, ResealingRepository, type StoredToken, type TokenPlace } from './resealing.repository.js';
export { type OpenedRoom, RoomContended, type RoomOpening, RoomsRepository } from './rooms.repository.js';
export { migrateSchema, waitForDatabase } from './schema.js';
export type { SessionRecord } from './session-record.js';
export {
  type CreatedSession,
  type IdempotencyKey,
  IdempotencyKeyReused,
  type PagePlace,
  SessionsRepository,
  type UnnamedSession,
} from './sessions.repository.js';
export { type Erased, SubjectsRepository } from './subjects.repository.js';
export { SWEEP_BATCH, SweepingRepository } from './sweeping.repository.js';
