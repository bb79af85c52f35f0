import { createHash, timingSafeEqual } from 'node:crypto';
import { API_KEY, ConfigService, type SettingsService } from '@app/config';
import { type ApiKeyRecord, ApiKeysRepository } from '@app/entities';
import { isScope } from '@app/kernel';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';

/** A revoked key must be dead within 5 s on every gateway, so nobody remembers a key for longer than this, in ms. */
const REMEMBERED_MS = 3000;
const REMEMBERED_KEYS = 10_000;

const ABSENT = Symbol('absent');

/** Callers by API key. Ids that do not exist are remembered as well, so that guessing costs the database nothing. */
@Injectable()
export class ApiKeys implements OnModuleInit {
  private readonly known = new LRUCache<string, ApiKeyRecord | typeof ABSENT>({
    max: REMEMBERED_KEYS,
    ttl: REMEMBERED_MS,
    fetchMethod: async (id) => (await this.repository.findUsable(id)) ?? ABSENT,
  });

  constructor(
    private readonly repository: ApiKeysRepository,
    @Inject(ConfigService) private readonly config: SettingsService<'access'>,
  ) {}

  async onModuleInit(): Promise<void> {
    const { bootstrapKey } = this.config.get('access', { infer: true });
    const parsed = parse(bootstrapKey ?? '');
    if (parsed === null) return;
    await this.repository.ensure({ id: parsed.id, name: 'bootstrap', secretSha256: parsed.sha256, scopes: ['admin'] });
  }

  /**
   * The caller with this key, or null.
   *
   * @throws StoreUnavailable: not knowing is not the same as knowing that the key is wrong
   */
  async authenticate(key: string): Promise<Caller | null> {
    const parsed = parse(key);
    if (parsed === null) return null;
    const record = await this.known.fetch(parsed.id);
    if (record === undefined || record === ABSENT) return null;
    if (!timingSafeEqual(record.secretSha256, parsed.sha256)) return null;
    return { id: `key:${record.id}`, kind: 'key', scopes: new Set(record.scopes.filter(isScope)), ratePerS: null };
  }
}

function parse(key: string): { id: string; sha256: Buffer } | null {
  const [, id, secret] = API_KEY.exec(key) ?? [];
  if (id === undefined || secret === undefined) return null;
  return { id, sha256: createHash('sha256').update(secret).digest() };
}
