import { CodedError } from '@app/kernel';
import { UnrecoverableError } from 'bullmq';

/** The result of a job run. */
export type JobResult =
  | { kind: 'done' }
  /** Run again after this delay, in ms. */
  | { kind: 'retry'; afterMs: number; storeUnavailable?: boolean }
  /** Do not run again; `code` is the reason. */
  | { kind: 'cancel'; code: string };

const RETRY_LATER = 'The job will be retried';
const STORE_UNAVAILABLE = 'A store is unavailable; the job will be retried';

/** Tells BullMQ to run the job again. BullMQ stores the message, so it is one of two fixed texts. */
export class RetryLaterError extends CodedError {
  readonly code = 'retry-later';

  constructor(
    readonly afterMs: number,
    storeUnavailable = false,
  ) {
    super(storeUnavailable ? STORE_UNAVAILABLE : RETRY_LATER);
  }
}

/** What the queue knows of the runs of a job before this one. */
export interface PriorRuns {
  /** Workers that took the job and did not finish it. */
  takenOver: number;
  /** Whether the last run ended because a store was unavailable. */
  storeUnavailable: boolean;
}

export function priorRuns(job: { stalledCounter: number; failedReason?: string }): PriorRuns {
  return { takenOver: job.stalledCounter, storeUnavailable: job.failedReason === STORE_UNAVAILABLE };
}

/** Tells BullMQ not to run the job again. The message is an error code. */
export class JobCancelledError extends UnrecoverableError {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Delay after an unclassified error, in ms. */
const UNCLASSIFIED_BACKOFF_MS = 1000;

export function backoff(_attempts: number, _type?: string, error?: Error): number {
  return error instanceof RetryLaterError ? error.afterMs : UNCLASSIFIED_BACKOFF_MS;
}
