import { type CasCall, CasClient, CasEndpoints } from '@app/cas-client';
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

/** The condition of one CAS endpoint, as this worker's calls show it. */
export interface CasReport {
  endpoint: string;
  trouble: CasTrouble | null;
  /** The last trouble that is over. */
  previous: (CasTrouble & { until: string }) | null;
  lastCallAt: string | null;
}

/** Follows the calls of CAS: what is wrong with each endpoint, since when, and when it was over. */
@Injectable()
export class CasCondition {
  private readonly conditions = new Map<string, EndpointCondition>();

  constructor(
    cas: CasClient,
    private readonly endpoints: CasEndpoints,
  ) {
    cas.observe((call) => {
      this.of(call.endpoint).record(call);
    });
  }

  /** In order of preference. */
  get reports(): CasReport[] {
    return this.endpoints.inOrder().map(({ name }) => ({ endpoint: name, ...this.of(name).report }));
  }

  private of(endpoint: string): EndpointCondition {
    const known = this.conditions.get(endpoint);
    if (known !== undefined) return known;
    const condition = new EndpointCondition();
    this.conditions.set(endpoint, condition);
    return condition;
  }
}

class EndpointCondition {
  private failures = 0;
  private first = 0;
  private trouble: CasTrouble | null = null;
  private previous: CasReport['previous'] = null;
  private lastCallAt: number | null = null;

  get report(): Omit<CasReport, 'endpoint'> {
    const { trouble, previous, lastCallAt } = this;
    return { trouble, previous, lastCallAt: lastCallAt === null ? null : iso(lastCallAt) };
  }

  /** A call that a shutdown or a lost lock aborted says nothing about CAS. */
  record({ outcome, status, seconds }: CasCall): void {
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
