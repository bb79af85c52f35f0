import {
  CasBadReplyError,
  CasRateLimitedError,
  CasClient,
  CasUnavailableError,
  type MintedToken,
} from '@app/cas-client';
import { egressCause } from '@app/egress';
import { CodedError, type Product } from '@app/kernel';
import { Gauge, Metrics } from '@app/observability';
import { Injectable, Logger } from '@nestjs/common';
import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';

/** The circuit is open: CAS was not called. */
export class CasCircuitOpenError extends CodedError {
  readonly code = 'cas-left-alone';

  constructor() {
    super('The CAS circuit breaker is open');
  }
}

export const PROBE_EVERY_MS = 5000;
const FAILURES_IN_A_ROW = 5;

const STATE_VALUES = { closed: 0, halfOpen: 1, open: 2 } as const;

/** Circuit breaker for CAS: opens after 5 consecutive failures, then lets one probe through every 5 s. */
@Injectable()
export class CasCircuitBreaker {
  private readonly log = new Logger(CasCircuitBreaker.name);
  private readonly breaker = circuitBreaker(
    handleWhen(
      (error) =>
        error instanceof CasBadReplyError ||
        (error instanceof CasUnavailableError && !(error instanceof CasRateLimitedError)),
    ),
    { halfOpenAfter: PROBE_EVERY_MS, breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW) },
  );

  constructor(
    private readonly cas: CasClient,
    { registry }: Metrics,
  ) {
    const state = () => this.state;
    new Gauge({
      name: 'breaker_state',
      help: 'State of the circuit breaker of this worker for CAS: 0 closed, 1 half-open (a probe is under way), 2 open',
      registers: [registry],
      collect() {
        this.set(state());
      },
    });
    this.breaker.onBreak((reason) => {
      const last = 'error' in reason ? described(reason.error) : 'unknown';
      this.log.warn(
        `circuit open after ${String(FAILURES_IN_A_ROW)} consecutive CAS failures (last: ${last}); probing every 5 s`,
      );
    });
    this.breaker.onReset(() => {
      this.log.warn('circuit closed: CAS is available again');
    });
  }

  /** Like `CasClient.mint`. @throws also CasCircuitOpenError */
  async mint(product: Product, signal?: AbortSignal, sub: string | null = null): Promise<MintedToken> {
    try {
      return await this.breaker.execute(() => this.cas.mint(product, signal, sub));
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new CasCircuitOpenError();
      throw error;
    }
  }

  /** 0 closed, 1 half-open, 2 open. */
  get state(): number {
    switch (this.breaker.state) {
      case CircuitState.Closed:
        return STATE_VALUES.closed;
      case CircuitState.HalfOpen:
        return STATE_VALUES.halfOpen;
      case CircuitState.Open:
      case CircuitState.Isolated:
        return STATE_VALUES.open;
    }
  }
}

/** The code, and what kept the call from reaching CAS. */
function described(error: unknown): string {
  if (!(error instanceof CodedError)) return 'unknown';
  return error.cause === undefined ? error.code : `${error.code}, ${egressCause(error.cause)}`;
}
