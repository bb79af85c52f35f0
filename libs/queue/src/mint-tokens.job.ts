import { SESSION_ID } from '@app/kernel';
import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** The queue's name and its one job's name. Binds: operators and dashboards know it. */
export const MINT_TOKENS = 'mint-tokens';

/** Ids only: never a secret, a document or a date. Parsed again when it comes out: a job may be older than the code. */
export const mintTokensPayload = z.strictObject({ sessionId: z.string().regex(SESSION_ID) });

export type MintTokensPayload = z.output<typeof mintTokensPayload>;

/**
 * The row is the record, so no finished job is kept: a kept one would block its id. The attempts never decide, the
 * session's deadline does; the wait comes with the error that the processor throws.
 */
export const MINT_TOKENS_OPTIONS: JobsOptions = {
  attempts: 1_000_000_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
  stackTraceLimit: 1,
};
