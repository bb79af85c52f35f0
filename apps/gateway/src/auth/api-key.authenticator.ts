import { timingSafeEqual } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { type ApiKeyRecord, ApiKeysRepository } from '@app/entities';
import { isScope, parseApiKey } from '@app/kernel';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';

/** A revoked key must be dead within 5 s on every gateway, so nobody remembers a key for longer than this, in ms. */
const CACHE_TTL_MS = 3000;
const CACHE_MAX_KEYS = 10_000;
/** How often it is written down which keys were used, in ms: never on the way of a request. */
const RECORD_USE_EVERY_MS = 5000;

const ABSENT = Symbol('absent');

/** Callers by API key. Ids that do not exist are remembered as well, so that guessing costs the database nothing. */
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

  /** Whether a look at the database is not needed to say whose key this is, or that it is nobody's. */
  isCached(key: string): boolean {
    const kept = parseApiKey(key);
    return kept === null || this.cache.has(kept.id);
  }

  /**
   * The caller with this key, or null.
   *
   * @throws StoreUnavailableError: not knowing is not the same as knowing that the key is wrong
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

  /** When a key was last used helps operators to clean up; what is lost with a process is no loss. */
  private async recordUse(): Promise<void> {
    if (this.used.size === 0) return;
    const ids = [...this.used];
    this.used.clear();
    await this.repository.recordUse(ids).catch(() => undefined);
  }
}
