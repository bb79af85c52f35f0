import type { SessionRecord } from '@app/entities';
import type { Product } from '@app/kernel';
import { Counter, Metrics } from '@app/observability';
import { Sealing, UnknownSealingKeyError } from '@app/sealing';
import { Injectable } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { type Caller, hasScope } from '../auth/caller.js';

export type Tokens = Partial<Record<Product, string>>;

/**
 * The only place where sealed tokens are opened, in this order: scope, admission, unseal, audit. No caller gets a
 * token without admission and an audit entry.
 */
@Injectable()
export class SessionTokens {
  private readonly unknownKeys: Counter;

  constructor(
    private readonly sealing: Sealing,
    private readonly admission: Admission,
    private readonly trail: AuditTrail,
    { registry }: Metrics,
  ) {
    this.unknownKeys = new Counter({
      name: 'unknown_sealing_keys_total',
      help: 'Requests refused because the sealing key of a token is missing from the key ring of this process',
      registers: [registry],
    });
  }

  /**
   * The tokens of a session for this caller; undefined while it is not ready, and without the scope `tokens:read`.
   *
   * @param disclosed false if the reply leaves without its body (HEAD), which is no read of tokens
   * @throws ProblemError 403 when not admitted, 503 when admission is unavailable · UnknownSealingKeyError
   */
  async read(
    session: SessionRecord,
    caller: Caller,
    { disclosed }: { disclosed: boolean },
  ): Promise<Tokens | undefined> {
    if (session.status !== 'ready' || !hasScope(caller, 'tokens:read')) return undefined;
    await this.admission.require(caller, 'join', { room: session.room, session: session.id });
    const tokens = this.unseal(session);
    if (disclosed) this.trail.tokensRead(caller, session.id);
    return tokens;
  }

  private unseal(session: SessionRecord): Tokens {
    try {
      return Object.fromEntries(
        session.tokens.map(({ product, sealed }) => [
          product,
          this.sealing.open(sealed, { sessionId: session.id, product }),
        ]),
      );
    } catch (error) {
      if (error instanceof UnknownSealingKeyError) this.unknownKeys.inc();
      throw error;
    }
  }
}
