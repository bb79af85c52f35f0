import { CodedError } from '@app/kernel';
import { UnrecoverableError } from 'bullmq';

/** The result of a job run. */
export type JobResult =
  | { kind: 'done' }
  /** Run again after this delay, in ms. */
  | { kind: 'retry'; afterMs: number }
  /** Do not run again; `code` is the reason. */
  | { kind: 'cancel'; code: string };

/** Tells BullMQ to run the job again. BullMQ stores the message, so it is fixed text. */
export class RetryLaterError extends CodedError {
  readonly code = 'retry-later';

  constructor(readonly afterMs: number) {
    super('The job will be retried');
  }
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
