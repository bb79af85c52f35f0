import { readSecretFile, redisUrlFault } from '@app/config';
import { describeCause } from '@app/kernel';
import { Logger } from '@nestjs/common';
import { probeWrite, withRedis } from './probe.js';
import { redisPlace, type RedisSettings } from './redis-settings.js';

const CHECK_EVERY_MS = 1000;

/**
 * The URL of Redis. If it was read from a file, the file is read every second, so that a rotated password, or a move to
 * another host, needs no restart. A new URL is adopted once Redis accepts it: until then the previous one stays in use.
 */
export class RotatingUrl {
  private readonly log = new Logger('Redis');
  private readonly timer: NodeJS.Timeout | undefined;
  private current: string;
  private checking = false;
  /** Why the content of the file is not used; logged once per change. */
  private refusal: string | undefined;

  /** @param onMove called when another server is to be used than before */
  constructor(
    private readonly settings: RedisSettings,
    private readonly onMove: () => void,
  ) {
    this.current = settings.redisUrl;
    if (settings.redisUrlFile === undefined) return;
    this.timer = setInterval(() => void this.check(), CHECK_EVERY_MS).unref();
  }

  get value(): string {
    return this.current;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    try {
      const candidate = readSecretFile(this.settings.redisUrlFile ?? '');
      if (candidate === this.current) this.refusal = undefined;
      else this.settle(candidate, await this.faultOf(candidate));
    } finally {
      this.checking = false;
    }
  }

  private settle(candidate: string | null, fault: string | null): void {
    if (candidate === null || fault !== null) {
      if (fault !== this.refusal)
        this.log.warn(
          `REDIS_URL_FILE changed, but its content is not used: ${String(fault)}; the previous URL stays in use`,
        );
      this.refusal = fault ?? undefined;
      return;
    }
    const moved = serverOf(candidate) !== serverOf(this.current);
    this.current = candidate;
    this.refusal = undefined;
    const place = redisPlace({ ...this.settings, redisUrl: candidate });
    this.log.warn(
      `REDIS_URL reloaded from its file: ${moved ? 'connecting to' : 'new connections to'} ${place} use it`,
    );
    if (moved) this.onMove();
  }

  private async faultOf(candidate: string | null): Promise<string | null> {
    if (candidate === null || candidate === '') return 'the file is missing or empty';
    const malformed = redisUrlFault(candidate);
    if (malformed !== null) return `the URL ${malformed}`;
    if (databaseOf(candidate) !== databaseOf(this.current)) return 'another database number requires a restart';
    const settings = { ...this.settings, redisUrl: candidate };
    try {
      await withRedis(settings, (client) => probeWrite(client, this.settings.prefix));
      return null;
    } catch (error) {
      return describeCause(redisPlace(settings), error);
    }
  }
}

function serverOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function databaseOf(url: string): number {
  return Number(new URL(url).pathname.slice(1));
}
