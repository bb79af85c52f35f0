export { isQueueMigrated } from './is-queue-migrated.js';
export { migrateQueue } from './migrate-queue.js';
export { MINT_TOKENS } from './mint-tokens.job.js';
export { MintTokensProcessor, MintTokensProcessorBase } from './mint-tokens.processor-base.js';
export { MintTokensQueue, type QueueCounts } from './mint-tokens.queue.js';
export type { JobResult } from './job-result.js';
export { QueueModule, type QueueSettings } from './queue.module.js';
export { waitForQueue } from './wait-for-queue.js';
