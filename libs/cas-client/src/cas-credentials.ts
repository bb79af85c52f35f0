import { HEADER_TEXT, readSecretFile } from '@app/config';
import { Logger } from '@nestjs/common';
import { appearance } from './appearance.js';

export interface CasKeyPair {
  apiKey: string;
  apiSecret: string;
}

/** Minimum interval between checks of the files, in ms. */
const CHECK_EVERY_MS = 1000;
/** Key and secret are often written one after the other, so the files must be unchanged for this long, in ms. */
const SETTLE_MS = 1000;
/** For this long after a change, key and secret may not belong together, or not be known to CAS yet, in ms. */
export const ROTATING_FOR_MS = 60_000;

/** The pair that was read at startup, and the files it came from, if any. */
export interface CredentialSource extends CasKeyPair {
  apiKeyFile: string | undefined;
  apiSecretFile: string | undefined;
}

/**
 * API key and secret for CAS. If they were read from files, they are reread when the files change, so that a rotation
 * needs no restart. Called before every CAS call.
 */
export class CasCredentials {
  private readonly log = new Logger(CasCredentials.name);
  private pair: CasKeyPair | undefined;
  /** The state of the files when the pair was read, and at the last check. */
  private readAs: string | undefined;
  private seenAs: string | undefined;
  private lookedAt = -Infinity;
  private changedAt = -Infinity;
  private unreadable = false;

  constructor(private readonly settings: CredentialSource) {}

  current(): CasKeyPair {
    if (performance.now() - this.lookedAt >= CHECK_EVERY_MS) this.check();
    return this.pair ?? this.started;
  }

  /**
   * Whether the files changed recently. A rejection by CAS is then inconclusive: key and secret may not belong together
   * yet, or are about to be replaced.
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

  /** Reads both. `state` was determined beforehand, so a change during the read is noticed at the next check. */
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
    this.log.warn('CAS credentials reloaded from their files; the next call uses them');
  }

  private noteUnreadable(unreadable: boolean): void {
    if (unreadable && !this.unreadable) {
      this.log.warn(
        'CAS credentials not reloaded: a file is missing, empty or not valid in a header; still using the previous ones',
      );
    }
    this.unreadable = unreadable;
  }

  /** The credentials read at startup. */
  private get started(): CasKeyPair {
    const { apiKey, apiSecret } = this.settings;
    return { apiKey, apiSecret };
  }
}

/** A value that a header cannot carry would fail every call. */
function isUsable(value: string | null): value is string {
  return value !== null && HEADER_TEXT.test(value);
}
