import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from './database.js';

const MEASURE_EVERY_MS = 30_000;

/**
 * Measures the skew between the clock of this process and the database's, which is the only one used in decisions. The
 * skew is exported as a metric and never corrected for.
 */
@Injectable()
export class ClockSkewMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  /** Seconds by which this process is ahead of the database; negative if behind. */
  skewS = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly database: Database) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.measure();
    this.timer = setInterval(() => void this.measure(), MEASURE_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Assumes that the server reads its clock halfway through the round trip. */
  private async measure(): Promise<void> {
    const before = Date.now();
    const rows = await this.database
      .query<{ now: number }>('SELECT (1000 * extract(epoch FROM clock_timestamp()))::float8 AS now')
      .catch(() => []);
    const [row] = rows;
    if (row !== undefined) this.skewS = ((before + Date.now()) / 2 - row.now) / 1000;
  }
}
