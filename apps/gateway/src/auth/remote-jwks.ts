import type { KeyObject } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { Egress, type EgressClient } from '@app/egress';
import { fetchKeys, identityProviderClient, IdentityProviderError, type VerificationKey } from '@app/identity-provider';
import { endpoint } from '@app/kernel';
import { Gauge, LOG, type Log, Metrics, OutageLog } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { errors } from 'jose';
import { ProblemError } from '../problems/problem.js';
import type { KeyQuery } from './verify-jwt.js';

/** A token names an unknown key, and the identity provider is unavailable. */
export class JwksUnavailableError extends ProblemError {
  constructor(cause?: unknown) {
    super('unavailable', {}, { cause });
  }
}

const REFRESH_EVERY_MS = 5 * 60_000;
/** Tokens with unknown key ids trigger at most one refresh in this time, in ms. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** After a failed refresh, in ms. Until then requests fail immediately. */
const FAILURE_COOLDOWN_MS = 3000;
/** How long keys are kept while the provider publishes none that can be used, in ms: a fault there, or the end of them. */
const KEEP_MS = 24 * 3_600_000;
/** Keys that one token is tried with. */
const MAX_CANDIDATES = 10;

const OUTAGE = {
  unavailable: 'identity provider unavailable: known keys stay valid, tokens with unknown keys are refused with 503',
  refused:
    'answer of the identity provider refused: known keys stay valid, tokens with unknown keys are refused with 503',
  'no-usable-key': 'identity provider publishes no usable key: the previous keys stay valid for 24 h',
};
const WITHDRAWN = 'identity provider publishes no usable key: the previous keys are withdrawn';

/**
 * The public keys of the customer's identity provider. Known keys stay valid while it is unavailable, or while its
 * answer cannot be used. New keys are picked up every 5 minutes and when a token names an unknown one; withdrawn keys are
 * dropped with the next refresh that brings others.
 */
@Injectable()
export class RemoteJwks implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly client: EgressClient;
  private readonly outages: OutageLog;
  private keys: readonly VerificationKey[] = [];
  private refreshing: Promise<void> | undefined;
  private refreshedAt = -Infinity;
  private failedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ConfigService) private readonly config: SettingsService<'oidc'>,
    egress: Egress,
    metrics: Metrics,
    @Inject(LOG) log: Log,
  ) {
    this.client = identityProviderClient(egress);
    this.outages = new OutageLog(log);
    if (this.settings !== null) this.register(metrics);
  }

  onApplicationBootstrap(): void {
    if (this.settings === null) return;
    const refresh = (): void => void this.refresh().catch(() => undefined);
    refresh();
    this.timer = setInterval(refresh, REFRESH_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.client.close();
  }

  /**
   * The keys that a token may be signed with. Never those that it brings along (`jwk`) or points to (`jku`).
   *
   * @throws JwksUnavailableError when the provider is unavailable · JOSEError when it has no such key
   */
  async keysFor(query: KeyQuery): Promise<readonly KeyObject[]> {
    const known = this.find(query);
    if (known.length > 0) return known;
    const now = performance.now();
    if (now - this.refreshedAt < UNKNOWN_KEY_COOLDOWN_MS) throw new errors.JWKSNoMatchingKey();
    if (now - this.failedAt < FAILURE_COOLDOWN_MS) throw new JwksUnavailableError();
    await this.refresh().catch((error: unknown) => {
      throw new JwksUnavailableError(error);
    });
    const found = this.find(query);
    if (found.length === 0) throw new errors.JWKSNoMatchingKey();
    return found;
  }

  /** Those with the token's key id, or all if it names none. */
  private find({ algorithm, kid }: KeyQuery): KeyObject[] {
    return this.keys
      .filter((key) => key.algorithms.some((name) => name === algorithm) && (kid === undefined || key.kid === kid))
      .slice(0, MAX_CANDIDATES)
      .map(({ key }) => key);
  }

  /** Concurrent refreshes share one request. */
  private refresh(): Promise<void> {
    this.refreshing ??= this.fetch().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async fetch(): Promise<void> {
    const settings = this.settings;
    if (settings === null) return;
    const identityProvider = endpoint(settings.jwksUrl ?? settings.issuer);
    try {
      const { keys } = await fetchKeys(this.client, settings);
      this.keys = keys;
      this.refreshedAt = performance.now();
      this.outages.worked('identity provider available again', { identityProvider });
    } catch (error) {
      this.failedAt = performance.now();
      if (error instanceof IdentityProviderError) this.noteFailure(error, identityProvider);
      throw error;
    }
  }

  private noteFailure({ code, message }: IdentityProviderError, identityProvider: string): void {
    const isOver = code === 'no-usable-key' && this.failedAt - this.refreshedAt >= KEEP_MS;
    if (isOver) this.keys = [];
    // At the start there are none to withdraw.
    if (isOver && this.refreshedAt > 0) this.outages.failed(`${message} for 24 h`, WITHDRAWN, { identityProvider });
    else this.outages.failed(message, OUTAGE[code], { identityProvider });
  }

  private register({ registry }: Metrics): void {
    const isUp = () => (this.refreshedAt > this.failedAt ? 1 : 0);
    const count = () => this.keys.length;
    new Gauge({
      name: 'identity_provider_up',
      help: '1 while the last refresh of the keys of the identity provider succeeded, else 0; only with OIDC_ISSUER',
      registers: [registry],
      collect() {
        this.set(isUp());
      },
    });
    new Gauge({
      name: 'identity_provider_keys',
      help: 'Keys of the identity provider that verify tokens now; at 0 every JWT is refused. Only with OIDC_ISSUER',
      registers: [registry],
      collect() {
        this.set(count());
      },
    });
  }

  private get settings() {
    return this.config.get('oidc', { infer: true });
  }
}
