import { timingSafeEqual } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { type ApiKeyRecord, ApiKeysRepository } from '@app/entities';
import { isScope, parseApiKey, type Scope, StartupError } from '@app/kernel';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Authentication, ended, invalid } from './authentication.js';
import type { Identity } from './caller.js';

/** A revoked key must stop working within 5 s on every gateway, so keys are cached for no longer than this, in ms. */
const CACHE_TTL_MS = 3000;
const CACHE_MAX_KEYS = 10_000;
/** How long a key that was genuine is told from a guess, in ms. */
const GENUINE_MS = 3_600_000;
/** How often the last use of keys is recorded, in ms; never while handling a request. */
const RECORD_USE_EVERY_MS = 5000;

const ABSENT = Symbol('absent');

/** A key as it is cached. */
interface CachedKey extends Pick<ApiKeyRecord, 'secretSha256' | 'usable'> {
  identity: Identity;
}

/** Authenticates API keys. Unknown ids are cached too, so that guessing does not load the database. */
@Injectable()
export class ApiKeyAuthenticator implements OnModuleInit, OnModuleDestroy {
  private readonly cache = new LRUCache<string, CachedKey | typeof ABSENT>({
    max: CACHE_MAX_KEYS,
    ttl: CACHE_TTL_MS,
    fetchMethod: async (id) => toCached(await this.repository.find(id)),
  });
  /** The secrets of keys that were presented with them lately, by the id of the key. */
  private readonly genuine = new LRUCache<string, Buffer>({ max: CACHE_MAX_KEYS, ttl: GENUINE_MS });
  private readonly used = new Set<string>();
  private recording: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: ApiKeysRepository,
    @Inject(ConfigService) private readonly config: SettingsService<'access'>,
  ) {}

  async onModuleInit(): Promise<void> {
    this.recording = setInterval(() => void this.recordUse(), RECORD_USE_EVERY_MS).unref();
    const { bootstrapKey, replaceBootstrapKey } = this.config.get('access', { infer: true });
    const parsed = parseApiKey(bootstrapKey ?? '');
    if (parsed === null) return;
    const key = { ...parsed, name: 'bootstrap', scopes: ['admin'], ratePerS: null };
    if (await this.repository.ensure(key)) return;
    if (!replaceBootstrapKey) {
      throw new StartupError(
        `BOOTSTRAP_API_KEY: the database has a key ${parsed.id} with another secret. ` +
          'Choose another id, or set BOOTSTRAP_API_KEY_REPLACE=on to replace that secret',
      );
    }
    await this.repository.replaceSecret(parsed);
  }

  onModuleDestroy(): void {
    clearInterval(this.recording);
  }

  /**
   * Whose key this is.
   *
   * @throws StoreUnavailableError when the database is unavailable, which does not make the key wrong
   */
  async authenticate(key: string): Promise<Authentication> {
    const parsed = parseApiKey(key);
    if (parsed === null) return invalid('malformed');
    const record = this.cache.get(parsed.id) ?? (await this.cache.fetch(parsed.id));
    if (record === undefined || record === ABSENT) return invalid('unknown-key');
    if (!timingSafeEqual(record.secretSha256, parsed.secretSha256)) return invalid('wrong-secret');
    if (!record.usable) return ended('revoked-or-expired');
    this.used.add(parsed.id);
    this.genuine.set(parsed.id, record.secretSha256);
    return record.identity;
  }

  /** As `authenticate`, for keys that were genuine within the last hour; all others are `invalid`, without a lookup. */
  async authenticateKnown(key: string): Promise<Authentication> {
    const parsed = parseApiKey(key);
    const secret = parsed === null ? undefined : this.genuine.get(parsed.id);
    if (parsed === null || secret === undefined || !timingSafeEqual(secret, parsed.secretSha256))
      return invalid('unknown-key');
    return this.authenticate(key);
  }

  /**
   * The scopes of a key, by its id and without its secret: for what it has vouched for. None if it has ended.
   *
   * @throws StoreUnavailableError
   */
  async scopesOf(id: string): Promise<ReadonlySet<Scope>> {
    const record = await this.cache.fetch(id);
    if (record === undefined || record === ABSENT || !record.usable) return new Set();
    return record.identity.scopes;
  }

  /** The last use helps operators to clean up; losing the latest record in a crash is acceptable. */
  private async recordUse(): Promise<void> {
    if (this.used.size === 0) return;
    const ids = [...this.used];
    this.used.clear();
    await this.repository.recordUse(ids).catch(() => undefined);
  }
}

function toCached(record: ApiKeyRecord | null): CachedKey | typeof ABSENT {
  if (record === null) return ABSENT;
  const { id, secretSha256, scopes, ratePerS, usable } = record;
  const caller = `key:${id}`;
  const identity: Identity = {
    id: caller,
    quotaKey: caller,
    principal: { kind: 'key', id },
    scopes: new Set(scopes.filter(isScope)),
    ratePerS,
  };
  return { secretSha256, usable, identity };
}
