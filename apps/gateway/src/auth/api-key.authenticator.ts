import { timingSafeEqual } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { type ApiKeyRecord, ApiKeysRepository } from '@app/entities';
import { isScope, parseApiKey } from '@app/kernel';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';

/** A revoked key must stop working within 5 s on every gateway, so keys are cached for no longer than this, in ms. */
const CACHE_TTL_MS = 3000;
const CACHE_MAX_KEYS = 10_000;
/** How often the last use of keys is recorded, in ms; never while handling a request. */
const RECORD_USE_EVERY_MS = 5000;

const ABSENT = Symbol('absent');

/** Authenticates API keys. Unknown ids are cached too, so that guessing does not load the database. */
@Injectable()
export class ApiKeyAuthenticator implements OnModuleInit, OnModuleDestroy {
  private readonly cache = new LRUCache<string, ApiKeyRecord | typeof ABSENT>({
    max: CACHE_MAX_KEYS,
    ttl: CACHE_TTL_MS,
    fetchMethod: async (id) => (await this.repository.findUsable(id)) ?? ABSENT,
  });
  private readonly used = new Set<string>();
  private recording: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: ApiKeysRepository,
    @Inject(ConfigService) private readonly config: SettingsService<'access'>,
  ) {}

  async onModuleInit(): Promise<void> {
    this.recording = setInterval(() => void this.recordUse(), RECORD_USE_EVERY_MS).unref();
    const { bootstrapKey } = this.config.get('access', { infer: true });
    const kept = parseApiKey(bootstrapKey ?? '');
    if (kept !== null) await this.repository.ensure({ ...kept, name: 'bootstrap', scopes: ['admin'], ratePerS: null });
  }

  onModuleDestroy(): void {
    clearInterval(this.recording);
  }

  /** Whether this key can be checked without the database. */
  isCached(key: string): boolean {
    const kept = parseApiKey(key);
    return kept === null || this.cache.has(kept.id);
  }

  /**
   * The caller with this key, or null if the key is unknown, expired or revoked.
   *
   * @throws StoreUnavailableError when the database is unavailable, which does not make the key wrong
   */
  async authenticate(key: string): Promise<Caller | null> {
    const kept = parseApiKey(key);
    if (kept === null) return null;
    const record = await this.cache.fetch(kept.id);
    if (record === undefined || record === ABSENT) return null;
    if (!timingSafeEqual(record.secretSha256, kept.secretSha256)) return null;
    this.used.add(record.id);
    const { id, scopes, ratePerS } = record;
    return { id: `key:${id}`, principal: { kind: 'key', id }, scopes: new Set(scopes.filter(isScope)), ratePerS };
  }

  /** The last use helps operators to clean up; losing the latest record in a crash is acceptable. */
  private async recordUse(): Promise<void> {
    if (this.used.size === 0) return;
    const ids = [...this.used];
    this.used.clear();
    await this.repository.recordUse(ids).catch(() => undefined);
  }
}
