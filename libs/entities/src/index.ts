export {
  type ApiKeyRecord,
  ApiKeysRepository,
  type ListedApiKey,
  type NewApiKey,
} from './api-keys/api-keys.repository.js';
export type { AuditFilter, AuditPlace } from './audit/audit-page.js';
export { type AuditCount, type AuditItem, AuditRepository } from './audit/audit.repository.js';
export { Database } from './database/database.js';
export type { Queryable } from './database/queryable.js';
export { ClockSkewMonitor } from './database/clock-skew-monitor.js';
export { type DatabaseFindings, examineDatabase } from './database/examine-database.js';
export { type DeadlineFailure, DeadlineFailures } from './sessions/deadline-failures.js';
export { EntitiesModule } from './entities.module.js';
export {
  type ProcessKind,
  type ProcessRecord,
  type ProcessReport,
  PROCESSES_BATCH,
  ProcessesRepository,
} from './fleet/processes.repository.js';
export {
  HOLD_S,
  type MintedSet,
  type PoolDemand,
  PoolRefillRepository,
  type PoolView,
  type Reserved,
} from './pool/pool-refill.repository.js';
export { POOL_BATCH, type PoolLevel, PoolRepository, type StoredPoolPlan } from './pool/pool.repository.js';
export { type Pace, PacingRepository, type Turns } from './pacing/pacing.repository.js';
export { FailedSessionsRepository } from './sessions/failed-sessions.repository.js';
export { COUNTED_TO, type SessionCounts, SessionCountsRepository } from './fleet/session-counts.repository.js';
export { type ChatTokenOpening, ChatTokensRepository } from './sessions/chat-tokens.repository.js';
export type { IssuedTokens, Publication, SealedToken } from './sessions/publications.js';
export { type MintTask, PublishingRepository } from './sessions/publishing.repository.js';
export {
  type KeyUse,
  ResealingRepository,
  type StoredSet,
  type StoredToken,
  type TokenPlace,
} from './sessions/resealing.repository.js';
export { type OpenedRoom, RoomContendedError, type RoomOpening, RoomsRepository } from './sessions/rooms.repository.js';
export { RotatingRepository, type Rotation } from './sessions/rotating.repository.js';
export type { FreeOutcome, NotReady, RenewOutcome, SeatCounts, SeatRecord, TakeOutcome } from './seats/seat-record.js';
export { SEATS_BATCH, SeatsRepository } from './seats/seats.repository.js';
export { databaseState, type DatabaseState, migrateSchema, waitForDatabase } from './database/schema.js';
export type { PagePlace } from './sessions/session-page.js';
export type { SessionRecord } from './sessions/session-record.js';
export {
  type CreatedSession,
  type IdempotencyKey,
  IdempotencyKeyReusedError,
  type PendingCounts,
  SessionsRepository,
  type UnnamedSession,
} from './sessions/sessions.repository.js';
export { type Erased, SubjectsRepository } from './audit/subjects.repository.js';
export { AUDIT_BATCH, EVENTS_BATCH, SWEEP_BATCH, SweepingRepository } from './sessions/sweeping.repository.js';
export { type SessionTimeline, TimelineRepository } from './sessions/timeline.repository.js';
export {
  type ClaimedDelivery,
  FAILING_DAYS,
  type SettledAttempt,
  WebhookDeliveriesRepository,
} from './webhooks/webhook-deliveries.repository.js';
export {
  type SealedSecret,
  WebhookEndpointsRepository,
  type WebhookRecord,
  type WebhookSettings,
} from './webhooks/webhook-endpoints.repository.js';
export {
  type AttemptRecord,
  type DeliveryPlace,
  type DeliveryRecord,
  WebhookLogRepository,
} from './webhooks/webhook-log.repository.js';
export { type StoredSecret, WebhookSecretsRepository } from './webhooks/webhook-secrets.repository.js';
