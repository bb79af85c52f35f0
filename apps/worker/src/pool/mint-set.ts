import type { SessionProduct } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { CasFailover, type Minted } from '../cas/cas-failover.js';
import { MintingMetrics } from '../mint-tokens/minting.metrics.js';

/** A call of CAS that was not made, since the pool no longer wants the set. */
export class NotWantedError extends Error {
  constructor() {
    super('The pool no longer wants this set');
  }
}

/** Calls CAS for the pool: the only place that does. */
@Injectable()
export class SetMinter {
  constructor(
    private readonly cas: CasFailover,
    private readonly metrics: MintingMetrics,
  ) {}

  /**
   * Mints one token for each product, all at one endpoint.
   *
   * @param isWanted asked right before each call: it may have waited for its turn
   */
  async mint(products: readonly SessionProduct[], isWanted: () => boolean): Promise<Minted> {
    const minted = await this.cas.mint(
      { products, missing: products, endpoint: null, sub: null, priority: 'refill' },
      {
        attempt: (_product, _endpoint, call) => (isWanted() ? call() : Promise.reject(new NotWantedError())),
        discard: (tokens) => {
          this.metrics.wasted.inc(tokens);
        },
        // Nothing of a set is published before all of it.
        leave: () => Promise.resolve(true),
      },
    );
    return minted ?? { endpoint: '', tokens: [], errors: [new NotWantedError()] };
  }
}
