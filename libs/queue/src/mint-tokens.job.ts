import { MINTED_ID } from '@app/kernel';
import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** Name of the queue and of its only job. Part of the public interface: dashboards and alerts refer to it. */
export const MINT_TOKENS = 'mint-tokens';

/** Ids only, never secrets or documents. Validated by the worker as well, since a job may be older than the code. */
export const mintTokensPayload = z.strictObject({ sessionId: z.string().regex(MINTED_ID) });

export type MintTokensPayload = z.output<typeof mintTokensPayload>;

/**
 * The row is the record, so finished jobs are removed: a kept job would block its id. The session's deadline limits the
 * attempts, not BullMQ; the delay comes with the error that the processor throws.
 */
export const MINT_TOKENS_OPTIONS: JobsOptions = {
  attempts: 1_000_000_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
  stackTraceLimit: 1,
};
