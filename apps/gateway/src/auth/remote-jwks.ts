import { ConfigService, isLoopback, type SettingsService } from '@app/config';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { createLocalJWKSet, type CryptoKey, errors, type JWTHeaderParameters } from 'jose';
import { z } from 'zod';
import { readLimited } from '../http/read-limited.js';
import { ProblemError } from '../problems/problem.js';

/** A token names an unknown key, and the identity provider is unavailable. */
export class JwksUnavailableError extends ProblemError {
  constructor() {
    super('unavailable');
  }
}

const FETCH_TIMEOUT_MS = 2000;
const MAX_BYTES = 256 * 1024;
const REFRESH_EVERY_MS = 5 * 60_000;
/** Tokens with unknown key ids trigger at most one refresh in this time, in ms. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** After a failed refresh, in ms. Until then requests fail immediately. */
const FAILURE_COOLDOWN_MS = 3000;

const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * The public keys of the customer's identity provider. Known keys stay valid while it is unavailable. New keys are
 * picked up every 5 minutes and when a token names an unknown one; withdrawn keys are dropped with the next successful
 * refresh.
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
   * The key for a token's header.
   *
   * @throws JwksUnavailableError when the provider is unavailable · JOSEError when it has no such key
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
      // Never trust keys embedded (`jwk`) or referenced (`jku`) by the token.
      return (await this.local?.({ alg, ...(kid !== undefined && { kid }) })) ?? null;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return null;
      throw error;
    }
  }

  /** Concurrent refreshes share one request. */
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
      if (this.failedAt > this.refreshedAt) this.log.warn('identity provider available again');
      this.refreshedAt = performance.now();
      return true;
    } catch {
      if (this.failedAt <= this.refreshedAt)
        this.log.warn('identity provider unavailable: known keys stay valid, unknown ones are refused');
      this.failedAt = performance.now();
      return false;
    }
  }

  private async jwksUrl(signal: AbortSignal): Promise<string> {
    const { issuer, jwksUrl } = this.settings ?? { issuer: '', jwksUrl: undefined };
    if (jwksUrl !== undefined) return jwksUrl;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = discovery.parse(await fetchJson(url, signal));
    // RFC 8414, 3.3: a document of another issuer must not be used.
    if (found.issuer !== issuer) throw new Error('the discovery document belongs to another issuer');
    if (!isAsSecure(found.jwks_uri, issuer)) throw new Error('the keys are at an address less secure than the issuer');
    return found.jwks_uri;
  }

  private get settings() {
    return this.config.get('oidc', { infer: true });
  }
}

/** Keys come over https, or from this machine if the issuer is here too: they cannot be replaced in transit. */
function isAsSecure(url: string, issuer: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (issuer.startsWith('http:') && protocol === 'http:' && isLoopback(hostname));
}

/** Redirects are not followed: keys come only from the configured URL. */
async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const reply = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  const text = await readLimited(reply, MAX_BYTES);
  if (reply.status !== 200) throw new Error(`the status is ${String(reply.status)}`);
  return JSON.parse(text);
}
