import { type CasCall, CasClient } from '@app/cas-client';
import { Injectable } from '@nestjs/common';

/** Fewer failures in a row are noise: every session is retried. */
const FAILURES_IN_A_ROW = 3;

/** What CAS does instead of issuing tokens: a status, or the code of the failure without one. */
export interface CasTrouble {
  outcome: Exclude<CasCall['outcome'], 'ok'>;
  status: number | null;
  /** Of the first failure, ISO 8601. */
  since: string;
}

/** The condition of CAS, as this worker's calls show it. */
export interface CasReport {
  trouble: CasTrouble | null;
  /** The last trouble that is over. */
  previous: (CasTrouble & { until: string }) | null;
  lastCallAt: string | null;
}

/** Follows the calls of CAS: what is wrong, since when, and when it was over. */
@Injectable()
export class CasCondition {
  private failures = 0;
  private first = 0;
  private trouble: CasTrouble | null = null;
  private previous: CasReport['previous'] = null;
  private lastCallAt: number | null = null;

  constructor(cas: CasClient) {
    cas.observe((call) => {
      this.record(call);
    });
  }

  get report(): CasReport {
    const { trouble, previous, lastCallAt } = this;
    return { trouble, previous, lastCallAt: lastCallAt === null ? null : iso(lastCallAt) };
  }

  /** A call that a shutdown or a lost lock aborted says nothing about CAS. */
  private record({ outcome, status, seconds }: CasCall): void {
    if (outcome === 'cas-call-aborted') return;
    const now = Date.now();
    this.lastCallAt = now;
    if (outcome === 'ok') {
      if (this.trouble !== null) this.previous = { ...this.trouble, until: iso(now) };
      this.trouble = null;
      this.failures = 0;
      return;
    }
    if (this.failures === 0) this.first = now - 1000 * seconds;
    this.failures++;
    // Rejected credentials fail sessions at once and do not pass by themselves.
    if (this.failures < FAILURES_IN_A_ROW && outcome !== 'cas-credentials-rejected') return;
    this.trouble = { outcome, status, since: this.trouble?.since ?? iso(this.first) };
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
