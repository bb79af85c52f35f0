import type { Scope } from '@app/kernel';
import { ProblemError } from '../problems/problem.js';
import { wwwAuthenticate } from '../problems/www-authenticate.js';
import { type Caller, hasScope, type Identity } from './caller.js';

/** How long a check of the credential holds, in ms. With the cache of API keys (3 s) less than the 5 s we promise. */
const FRESH_MS = 1000;
/** Made once, since nearly every check ends with it. */
const FRESH = Promise.resolve();

/** A caller during one request, whose credential can be checked again. */
export class AuthenticatedCaller implements Caller {
  private checkedAt = performance.now();

  /**
   * @param authenticate the identity as it is now; null when the credential has ended
   * @param required all scopes that the route requires
   */
  constructor(
    private identity: Identity,
    private readonly authenticate: () => Promise<Identity | null>,
    private readonly required: readonly Scope[],
  ) {}

  get id(): string {
    return this.identity.id;
  }

  get quotaKey(): string {
    return this.identity.quotaKey;
  }

  get principal(): Identity['principal'] {
    return this.identity.principal;
  }

  get scopes(): ReadonlySet<Scope> {
    return this.identity.scopes;
  }

  get ratePerS(): number | null {
    return this.identity.ratePerS;
  }

  revalidate(): Promise<void> {
    return performance.now() - this.checkedAt < FRESH_MS ? FRESH : this.checkAgain();
  }

  /** @throws ProblemError 403 */
  requireScope(): void {
    const missing = this.required.find((scope) => !hasScope(this, scope));
    if (missing !== undefined) throw insufficientScope(missing);
  }

  private async checkAgain(): Promise<void> {
    const identity = await this.authenticate();
    if (identity?.id !== this.id) throw invalidToken();
    this.identity = identity;
    this.checkedAt = performance.now();
    this.requireScope();
  }
}

export function invalidToken(): ProblemError {
  return new ProblemError('unauthenticated', { headers: wwwAuthenticate({ error: 'invalid_token' }) });
}

/** @param sessionId the session that was asked for, for the audit trail */
export function insufficientScope(scope: Scope, sessionId?: string): ProblemError {
  return new ProblemError('insufficient-scope', {
    detail: `The credential lacks the scope ${scope}`,
    headers: wwwAuthenticate({ error: 'insufficient_scope', scope }),
    ...(sessionId !== undefined && { sessionId }),
  });
}
