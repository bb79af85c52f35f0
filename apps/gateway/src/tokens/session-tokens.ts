import type { SessionRecord } from '@app/entities';
import type { Product, SessionProduct } from '@app/kernel';
import { Counter, Metrics } from '@app/observability';
import { SealBrokenError, Sealing, UnknownSealingKeyError } from '@app/sealing';
import { Injectable, Logger } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import { type Caller, hasScope } from '../auth/caller.js';

const WARN_EVERY_MS = 60_000;

export type Tokens = Partial<Record<SessionProduct, string>>;

/**
 * The only place where sealed tokens are opened, in this order: scope, admission, unseal. No caller gets a token
 * without admission.
 */
@Injectable()
export class SessionTokens {
  private readonly log = new Logger(SessionTokens.name);
  private readonly unknownKeys: Counter;
  private readonly brokenSeals: Counter;
  /** When each fault was logged last, by its text. */
  private readonly loggedAt = new Map<string, number>();

  constructor(
    private readonly sealing: Sealing,
    private readonly admission: Admission,
    { registry }: Metrics,
  ) {
    this.unknownKeys = new Counter({
      name: 'unknown_sealing_keys_total',
      help: 'Requests answered with 503 because the key that sealed a token is not in the key ring of this process',
      registers: [registry],
    });
    this.brokenSeals = new Counter({
      name: 'broken_seals_total',
      help: 'Requests answered with 503 because a token cannot be decrypted: its key has other bytes in this process, or the row was changed',
      registers: [registry],
    });
  }

  /**
   * The tokens of a session for this caller; undefined while it is not ready, and without the scope `tokens:read`.
   * The sender sets `request.disclosure`.
   *
   * @throws ProblemError 401 or 403 when the credential ended meanwhile, 403 when not admitted, 503 when admission is
   *   unavailable · UnknownSealingKeyError · SealBrokenError
   */
  async read(session: SessionRecord, caller: Caller): Promise<Tokens | undefined> {
    if (session.status !== 'ready' || !hasScope(caller, 'tokens:read') || session.chatSubject !== null)
      return undefined;
    await this.admission.require(caller, 'join', { room: session.room, session: session.id });
    // Waiting and admission took their time: scopes may have been narrowed.
    return hasScope(caller, 'tokens:read') ? this.unseal(session) : undefined;
  }

  /**
   * The chat token of its user; undefined while it is not ready. The caller must be that user, or vouch for them.
   *
   * @throws as `read`
   */
  async readChatToken(session: SessionRecord, caller: Caller): Promise<string | undefined> {
    const { status, chatSubject: subject } = session;
    if (status !== 'ready' || subject === null || !hasScope(caller, 'chat:mint')) return undefined;
    await this.admission.require(caller, 'chat', { room: null, session: null, subject });
    return hasScope(caller, 'chat:mint') ? this.unseal(session).chat : undefined;
  }

  private unseal(session: SessionRecord): Partial<Record<Product, string>> {
    try {
      return Object.fromEntries(
        session.tokens.map(({ product, sealed }) => [
          product,
          this.sealing.open(sealed, { sessionId: session.id, product }),
        ]),
      );
    } catch (error) {
      if (error instanceof UnknownSealingKeyError) {
        this.unknownKeys.inc();
        this.warn(`key ${error.keyId} is not in the key ring of this process: add it as the last one`);
      } else if (error instanceof SealBrokenError) {
        this.brokenSeals.inc();
        this.warn(
          `key ${error.keyId} of this process has other bytes than the key that sealed them, or the rows were changed`,
        );
      }
      throw error;
    }
  }

  /** Once a minute per cause, however many requests fail because of it. */
  private warn(cause: string): void {
    const now = performance.now();
    if (now - (this.loggedAt.get(cause) ?? -Infinity) < WARN_EVERY_MS) return;
    this.loggedAt.set(cause, now);
    this.log.error(`tokens cannot be opened: ${cause}. Requests for them are answered with 503`);
  }
}
