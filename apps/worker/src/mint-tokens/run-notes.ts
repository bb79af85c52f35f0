import { CasError } from '@app/cas-client';
import { egressCause } from '@app/egress';
import type { PriorRuns } from '@app/queue';
import type { FailureCode, Held, Product, RunNote, WaitReason } from '@app/kernel';
import { CasCircuitOpenError } from '../cas/cas-circuits.js';

/** Causes are a sentence and a code; this only bounds what is stored. */
const MAX_CAUSE = 200;
/** Skew that the notes mention, in s: from here on runs may overlap. */
const WORTH_NOTING_S = 2;

interface Attempt {
  product: Product;
  endpoint: string;
  startedAt: number;
  durationMs: number;
  error?: unknown;
}

/** Collects what a run does, for the timeline of its session. */
export class RunNotes {
  private readonly attempts: Attempt[] = [];
  private readonly startedAt = performance.now();
  private readonly held: Held[] = [];
  private publishingSince: number | undefined;

  constructor(prior: PriorRuns, skewS: number) {
    if (prior.takenOver > 0) this.held.push({ event: 'held', reason: 'taken-over', count: prior.takenOver });
    if (prior.storeUnavailable) this.held.push({ event: 'held', reason: 'store-unavailable' });
    if (Math.abs(skewS) >= WORTH_NOTING_S)
      this.held.push({ event: 'held', reason: 'clock-skew', skewMs: Math.round(1000 * skewS) });
  }

  /** Runs one call of CAS and notes how it went. Without a note if the circuit is open, since CAS was not called. */
  async attempt<T>(product: Product, endpoint: string, call: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const note = (error?: unknown) => {
      const durationMs = Math.round(performance.now() - startedAt);
      this.attempts.push({ product, endpoint, startedAt, durationMs, error });
    };
    try {
      const result = await call();
      note();
      return result;
    } catch (error) {
      if (!(error instanceof CasCircuitOpenError)) note(error);
      throw error;
    }
  }

  /** Publishing has failed once, since the database is unavailable, and is repeated. */
  publishingWaits(since: number): void {
    this.publishingSince = since;
  }

  /** The notes of the run as of now, for the statement that is sent next. */
  list(): RunNote[] {
    const now = performance.now();
    const since = (ms: number) => Math.round(now - ms);
    const waited = this.publishingSince;
    return [
      ...this.held.map((held) => ({ ...held, agoMs: since(this.startedAt) })),
      ...this.attempts.map(({ product, endpoint, startedAt, durationMs, error }) => ({
        event: 'attempt' as const,
        product,
        endpoint,
        agoMs: since(startedAt),
        durationMs,
        ...outcomeOf(error),
      })),
      ...(waited === undefined ? [] : [storeUnavailable(since(waited))]),
    ];
  }

  /** The same, with the wait until the next call. */
  waiting(waitMs: number, reason: WaitReason, code: FailureCode | null): RunNote[] {
    return [...this.list(), { event: 'waiting', waitMs, reason, code }];
  }

  /** The same, with the end of the session. */
  failed(code: FailureCode): RunNote[] {
    return [...this.list(), { event: 'failed', reason: 'rejected', code }];
  }
}

function storeUnavailable(ms: number): RunNote {
  return { event: 'held', reason: 'store-unavailable', durationMs: ms, agoMs: ms };
}

function outcomeOf(error: unknown): { outcome: string; status?: number; cause?: string } {
  if (error === undefined) return { outcome: 'ok' };
  if (!(error instanceof CasError)) return { outcome: 'internal' };
  return { outcome: error.code, ...answerOf([error]) };
}

/** The status of CAS, or why there was no response. Without a stack, since it is not a bug in this code. */
export function answerOf(errors: readonly unknown[]): { status?: number; cause?: string } {
  const error = errors.find((one) => one instanceof CasError);
  if (error === undefined) return {};
  const { status, message, cause } = error;
  const why = cause === undefined ? message : `${message}: ${egressCause(cause)}`;
  return { ...(status !== undefined && { status }), cause: why.slice(0, MAX_CAUSE) };
}
