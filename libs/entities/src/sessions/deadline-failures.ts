import type { FailureCode } from '@app/kernel';
import { Injectable } from '@nestjs/common';

/** A session that was failed because its deadline had passed. */
export interface DeadlineFailure {
  id: string;
  /** The code of its last failed attempt, or `deadline-exceeded`. */
  code: FailureCode;
}

/**
 * Reports sessions that failed by their deadline, after the commit, to the metric of this process. The sweeper fails most of them,
 * but a request that changes a session past its deadline fails it first.
 */
@Injectable()
export class DeadlineFailures {
  private listener: (code: FailureCode) => void = () => undefined;

  /** Sets the listener of this process. It must not throw. */
  observe(listener: (code: FailureCode) => void): void {
    this.listener = listener;
  }

  report(failures: readonly DeadlineFailure[]): void {
    for (const { code } of failures) this.listener(code);
  }
}
