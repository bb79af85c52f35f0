import { ConfigService, type SettingsService } from '@app/config';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { createLocalJWKSet, type CryptoKey, errors, type JWTHeaderParameters } from 'jose';
import { z } from 'zod';
import { readLimited } from '../http/read-limited.js';
import { ProblemError } from '../problems/problem.js';

/** A key of the provider is wanted that is not known here, and the provider does not answer. */
export class JwksUnavailableError extends ProblemError {
  constructor() {
    super('unavailable');
  }
}

const FETCH_TIMEOUT_MS = 2000;
const MAX_BYTES = 256 * 1024;
const REFRESH_EVERY_MS = 5 * 60_000;
/** Unknown keys make us ask the provider once in this time, in ms; a flood of them asks no more. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** After a provider that did not answer, in ms. Until then the refusal is immediate. */
const FAILURE_COOLDOWN_MS = 3000;

const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * The public keys of the customer's identity provider. Those that are known go on being good while it is away; new ones
 * are picked up every 5 minutes, and when a token names one that is not known. Keys that it has withdrawn go with the
 * next answer that it gives.
 */
@Injectable()
export class RemoteJwks implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(RemoteJwks.name);
  private local: ReturnType<typeof createLocalJWKSet> | undefined;
  private refreshing: Promise<boolean> | undefined;
  private refreshedAt = -Infinity;
  private failedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(ConfigService) private readonly config: SettingsService<'oidc'>) {}

  onApplicationBootstrap(): void {
    if (this.settings === null) return;
    void this.refresh();
    this.timer = setInterval(() => void this.refresh(), REFRESH_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * The key that a token names.
   *
   * @throws JwksUnavailableError when nobody knows · JOSEError when it has none
   */
  async key(header: JWTHeaderParameters): Promise<CryptoKey> {
    const known = await this.find(header);
    if (known !== null) return known;
    const now = performance.now();
    if (now - this.refreshedAt < UNKNOWN_KEY_COOLDOWN_MS) throw new errors.JWKSNoMatchingKey();
    if (now - this.failedAt < FAILURE_COOLDOWN_MS) throw new JwksUnavailableError();
    if (!(await this.refresh())) throw new JwksUnavailableError();
    const found = await this.find(header);
    if (found === null) throw new errors.JWKSNoMatchingKey();
    return found;
  }

  private async find({ alg, kid }: JWTHeaderParameters): Promise<CryptoKey | null> {
    try {
      // Only these two: keys that a token brings along, or points to, are nobody's word.
      return (await this.local?.({ alg, ...(kid !== undefined && { kid }) })) ?? null;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return null;
      throw error;
    }
  }

  /** Whoever comes while the provider is asked shares its answer. */
  private refresh(): Promise<boolean> {
    this.refreshing ??= this.fetchKeys().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async fetchKeys(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
      const keys = jwks.parse(await fetchJson(await this.jwksUrl(signal), signal));
      this.local = createLocalJWKSet(keys);
      if (this.failedAt > this.refreshedAt) this.log.warn('the identity provider answers again');
      this.refreshedAt = performance.now();
      return true;
    } catch {
      if (this.failedAt <= this.refreshedAt) this.log.warn('the identity provider does not answer as it should');
      this.failedAt = performance.now();
      return false;
    }
  }

  private async jwksUrl(signal: AbortSignal): Promise<string> {
    const { issuer, jwksUrl } = this.settings ?? { issuer: '', jwksUrl: undefined };
    if (jwksUrl !== undefined) return jwksUrl;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = discovery.parse(await fetchJson(url, signal));
    // RFC 8414, 3.3: a document of another issuer must not be used. Nor one that leaves https.
    if (found.issuer !== issuer || (issuer.startsWith('https:') && !found.jwks_uri.startsWith('https:'))) {
      throw new Error('the discovery document is not of this issuer');
    }
    return found.jwks_uri;
  }

  private get settings() {
    return this.config.get('oidc', { infer: true });
  }
}

/** Redirects are not followed: the keys come from where the configuration says. */
async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const reply = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  const text = await readLimited(reply, MAX_BYTES);
  if (reply.status !== 200) throw new Error(`the status is ${String(reply.status)}`);
  return JSON.parse(text);
}
