import {
  CasBadReplyError,
  CasClient,
  type CasEndpoint,
  CasEndpoints,
  CasRateLimitedError,
  CasUnavailableError,
  type MintedToken,
  type MintOptions,
} from '@app/cas-client';
import { egressCause } from '@app/egress';
import { CodedError, type Product } from '@app/kernel';
import { Gauge, Metrics } from '@app/observability';
import { Injectable, Logger } from '@nestjs/common';
import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
} from 'cockatiel';

/** The circuit is open: CAS was not called. */
export class CasCircuitOpenError extends CodedError {
  readonly code = 'cas-left-alone';

  constructor() {
    super('The CAS circuit breaker is open');
  }
}

export const PROBE_EVERY_MS = 5000;
const FAILURES_IN_A_ROW = 5;

interface Circuit {
  policy: CircuitBreakerPolicy;
  openedAt: number;
}

/** A circuit breaker for each CAS endpoint: opens after 5 consecutive failures, then lets one probe through every 5 s. */
@Injectable()
export class CasCircuits {
  private readonly log = new Logger(CasCircuits.name);
  /** By name of the endpoint. */
  private readonly circuits = new Map<string, Circuit>();

  constructor(
    private readonly cas: CasClient,
    endpoints: CasEndpoints,
    { registry }: Metrics,
  ) {
    const states = () => endpoints.inOrder().map((endpoint) => [endpoint.name, this.stateOf(endpoint)] as const);
    new Gauge({
      name: 'breaker_state',
      help: 'State of the circuit breaker of this worker for each CAS endpoint: 0 closed, 1 half-open (a probe is under way), 2 open',
      labelNames: ['endpoint'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [endpoint, state] of states()) this.set({ endpoint }, state);
      },
    });
  }

  /** Like `CasClient.mint`. @throws also CasCircuitOpenError */
  async mint(endpoint: CasEndpoint, product: Product, options: Omit<MintOptions, 'endpoint'>): Promise<MintedToken> {
    try {
      return await this.of(endpoint).policy.execute(() => this.cas.mint(product, { ...options, endpoint }));
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new CasCircuitOpenError();
      throw error;
    }
  }

  isClosed(endpoint: CasEndpoint): boolean {
    return this.of(endpoint).policy.state === CircuitState.Closed;
  }

  /** Whether a call would be refused, or would wait for the probe that is under way. */
  isShut(endpoint: CasEndpoint): boolean {
    const { policy, openedAt } = this.of(endpoint);
    if (policy.state === CircuitState.Open) return Date.now() - openedAt < PROBE_EVERY_MS;
    return policy.state === CircuitState.HalfOpen;
  }

  private stateOf(endpoint: CasEndpoint): number {
    switch (this.of(endpoint).policy.state) {
      case CircuitState.Closed:
        return 0;
      case CircuitState.HalfOpen:
        return 1;
      case CircuitState.Open:
      case CircuitState.Isolated:
        return 2;
    }
  }

  private of({ name }: CasEndpoint): Circuit {
    const known = this.circuits.get(name);
    if (known !== undefined) return known;
    const circuit = this.newCircuit(name);
    this.circuits.set(name, circuit);
    return circuit;
  }

  private newCircuit(name: string): Circuit {
    const policy = circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: PROBE_EVERY_MS,
      breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
    });
    const circuit = { policy, openedAt: 0 };
    policy.onBreak((reason) => {
      circuit.openedAt = Date.now();
      const last = 'error' in reason ? described(reason.error) : 'unknown';
      this.log.warn(
        `circuit open after ${String(FAILURES_IN_A_ROW)} consecutive CAS failures at ${name} (last: ${last}); probing every 5 s`,
      );
    });
    policy.onReset(() => {
      this.log.warn(`circuit closed: CAS is available again at ${name}`);
    });
    return circuit;
  }
}

function isFailure(error: unknown): boolean {
  return (
    error instanceof CasBadReplyError ||
    (error instanceof CasUnavailableError && !(error instanceof CasRateLimitedError))
  );
}

/** The code, and what kept the call from reaching CAS. */
function described(error: unknown): string {
  if (!(error instanceof CodedError)) return 'unknown';
  return error.cause === undefined ? error.code : `${error.code}, ${egressCause(error.cause)}`;
}
