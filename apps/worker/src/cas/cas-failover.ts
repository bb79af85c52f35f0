import {
  type CasEndpoint,
  CasEndpoints,
  CasCredentialsRotatingError,
  CasRateLimitedError,
  CasUnavailableError,
  type MintedToken,
} from '@app/cas-client';
import type { Product } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { CasCircuitOpenError, CasCircuits } from './cas-circuits.js';
import { CasPacing, type Priority } from './cas-pacing.js';

/** What is to be minted. */
export interface Wanted {
  products: readonly Product[];
  /** Those of them that are not published yet. */
  missing: readonly Product[];
  /** The endpoint that issued the published ones; null if there are none. */
  endpoint: string | null;
  /** The user whom a chat token is for; null for other products. */
  sub: string | null;
  /** A session by default. */
  priority?: Priority;
}

/** The run that wants tokens: told of each call, and of what is given up. */
export interface MintingRun {
  /** Makes one call. */
  attempt<T>(product: Product, endpoint: string, call: () => Promise<T>): Promise<T>;
  /** Tokens that were minted in vain, since their endpoint could not issue all. */
  discard(tokens: number): void;
  /** Gives up what is published, since another endpoint takes over. False if the run has nothing to do any more. */
  leave(): Promise<boolean>;
}

/** What one endpoint issued, and why it did not issue the rest. */
export interface Minted {
  endpoint: string;
  tokens: (MintedToken & { product: Product })[];
  errors: unknown[];
}

/**
 * Mints all tokens of one session at one CAS endpoint: the preferred one, or the next if that cannot be reached, answers
 * with 5xx, or has an open circuit. A rejection (4xx) holds at every endpoint.
 */
@Injectable()
export class CasFailover {
  constructor(
    private readonly endpoints: CasEndpoints,
    private readonly circuits: CasCircuits,
    private readonly pacing: CasPacing,
  ) {}

  /** Null if the run has nothing to do any more. */
  async mint(wanted: Wanted, run: MintingRun, signal?: AbortSignal): Promise<Minted | null> {
    let { missing, endpoint: issuer } = wanted;
    const candidates = this.candidates(issuer);
    for (const [n, endpoint] of candidates.entries()) {
      if (issuer !== null && issuer !== endpoint.name) {
        if (!(await run.leave())) return null;
        issuer = null;
        missing = wanted.products;
      }
      const minted = await this.mintAt(endpoint, { ...wanted, missing }, run, signal);
      const isLast = n === candidates.length - 1;
      if (minted.errors.length === 0 || isLast || !minted.errors.every(mayFailOver)) return minted;
      run.discard(minted.tokens.length);
    }
    throw new Error('there is no CAS endpoint');
  }

  /** In order of preference, after the one that has issued some of the tokens. */
  private candidates(issuer: string | null): readonly CasEndpoint[] {
    const endpoints = this.endpoints.inOrder();
    const ordered = [
      ...endpoints.filter(({ name }) => name === issuer),
      ...endpoints.filter(({ name }) => name !== issuer),
    ];
    const open = ordered.filter((endpoint) => !this.circuits.isShut(endpoint));
    return open.length > 0 ? open : ordered.slice(0, 1);
  }

  private async mintAt(
    endpoint: CasEndpoint,
    { missing, sub, priority = 'session' }: Wanted,
    run: MintingRun,
    signal: AbortSignal | undefined,
  ): Promise<Minted> {
    const calls = await Promise.allSettled(
      missing.map(async (product) => {
        // Neither the probe of an open circuit, one every 5 s, nor a call that it refuses takes a turn.
        if (this.circuits.isClosed(endpoint)) await this.pacing.turn(priority, signal);
        const call = () => this.circuits.mint(endpoint, product, { signal, sub });
        return { product, ...(await run.attempt(product, endpoint.name, call)) };
      }),
    );
    for (const call of calls)
      if (call.status === 'rejected' && call.reason instanceof CasRateLimitedError)
        this.pacing.slow(call.reason.retryAfterMs);
    return {
      endpoint: endpoint.name,
      tokens: calls.flatMap((call) => (call.status === 'fulfilled' ? [call.value] : [])),
      errors: calls.flatMap((call): unknown[] => (call.status === 'rejected' ? [call.reason] : [])),
    };
  }
}

/** Whether the failure is one of this endpoint, and not of the call: never for an answer of 4xx. */
export function mayFailOver(error: unknown): boolean {
  if (error instanceof CasCircuitOpenError) return true;
  if (!(error instanceof CasUnavailableError) || error instanceof CasCredentialsRotatingError) return false;
  return error.status === undefined || error.status >= 500;
}
