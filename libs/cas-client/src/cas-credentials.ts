import { statSync } from 'node:fs';
import { ConfigService, HEADER_TEXT, readSecretFile, type SettingsService } from '@app/config';
import { Inject, Injectable, Logger } from '@nestjs/common';

export interface CasKeyPair {
  apiKey: string;
  apiSecret: string;
}

/** How often the files are looked at while calls are made, in ms. */
const CHECK_EVERY_MS = 1000;
/** Key and secret are often written one after the other: the files must have been still for this long, in ms. */
const SETTLE_MS = 1000;
/** For this long after a change of the files the pair may be half new, in ms. */
const ROTATING_FOR_MS = 60_000;

/**
 * Key and secret of CAS. Those that came from files are read again when the files change, so that a new pair needs no
 * restart. Asked before every call.
 */
@Injectable()
export class CasCredentials {
  private readonly log = new Logger(CasCredentials.name);
  private pair: CasKeyPair | undefined;
  /** How the files looked when the pair was read, and at the last look. */
  private readAs: string | undefined;
  private seenAs: string | undefined;
  private lookedAt = -Infinity;
  private changedAt = -Infinity;
  private unreadable = false;

  constructor(@Inject(ConfigService) private readonly config: SettingsService<'cas'>) {}

  current(): CasKeyPair {
    if (performance.now() - this.lookedAt >= CHECK_EVERY_MS) this.check();
    return this.pair ?? this.started;
  }

  /**
   * Whether the files changed a short while ago. CAS's refusal then says little: the pair may be half new, or be about
   * to be replaced.
   */
  isRotating(): boolean {
    this.check();
    return performance.now() - this.changedAt < ROTATING_FOR_MS;
  }

  private check(): void {
    const { apiKeyFile, apiSecretFile } = this.settings;
    if (apiKeyFile === undefined && apiSecretFile === undefined) return;
    const now = performance.now();
    this.lookedAt = now;
    const state = [apiKeyFile, apiSecretFile].map(appearance).join(' ');
    const first = this.seenAs === undefined;
    if (state !== this.seenAs) {
      this.seenAs = state;
      if (!first) this.changedAt = now;
    }
    if (state === this.readAs) this.noteUnreadable(false);
    else if (first || now - this.changedAt >= SETTLE_MS) this.read(state);
  }

  /** Both together. The state was taken before: what changes while they are read is seen at the next look. */
  private read(state: string): void {
    const { apiKeyFile, apiSecretFile } = this.settings;
    const apiKey = apiKeyFile === undefined ? this.started.apiKey : readSecretFile(apiKeyFile);
    const apiSecret = apiSecretFile === undefined ? this.started.apiSecret : readSecretFile(apiSecretFile);
    const usable = isUsable(apiKey) && isUsable(apiSecret);
    this.noteUnreadable(!usable);
    if (!usable) return;
    const before = this.pair ?? this.started;
    this.pair = { apiKey, apiSecret };
    this.readAs = state;
    if (apiKey === before.apiKey && apiSecret === before.apiSecret) return;
    this.changedAt = performance.now();
    this.log.warn('the CAS credentials have changed: from now on the new ones are used');
  }

  private noteUnreadable(unreadable: boolean): void {
    if (unreadable && !this.unreadable) {
      this.log.warn(
        'a file of the CAS credentials is missing, empty, or holds what cannot be sent: the last good ones are used',
      );
    }
    this.unreadable = unreadable;
  }

  /** What this process was started with. */
  private get started(): CasKeyPair {
    const { apiKey, apiSecret } = this.settings;
    return { apiKey, apiSecret };
  }

  private get settings() {
    return this.config.get('cas', { infer: true });
  }
}

/** Another one after every change, be it written in place, moved there, or a link that points elsewhere now. */
function appearance(path: string | undefined): string {
  try {
    if (path === undefined) return '-';
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join('.');
  } catch {
    return '-';
  }
}

/** What a header cannot carry would fail every call. */
function isUsable(value: string | null): value is string {
  return value !== null && HEADER_TEXT.test(value);
}
