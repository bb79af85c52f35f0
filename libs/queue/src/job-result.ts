import { CodedError } from '@app/kernel';
import { UnrecoverableError } from 'bullmq';

/** How a run of a job ends. */
export type JobResult =
  | { kind: 'done' }
  /** Come back after this wait, in ms. */
  | { kind: 'retry'; afterMs: number }
  /** Never again; the code says why. */
  | { kind: 'cancel'; code: string };

/** Thrown to BullMQ, which stores the message: fixed text only. */
export class RetryLaterError extends CodedError {
  readonly code = 'retry-later';

  constructor(readonly afterMs: number) {
    super('Will be tried again');
  }
}

/** Thrown to BullMQ for a job that must not run again. The reason is a code of ours. */
export class JobCancelledError extends UnrecoverableError {
  constructor(readonly code: string) {
    super(code);
  }
}

/** The wait after an error that nobody sorted, in ms. */
const UNCLASSIFIED_BACKOFF_MS = 1000;

export function backoff(_attempts: number, _type?: string, error?: Error): number {
  return error instanceof RetryLaterError ? error.afterMs : UNCLASSIFIED_BACKOFF_MS;
}
