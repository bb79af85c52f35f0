import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from './database.js';

const MEASURE_EVERY_MS = 30_000;

/** How far this process's clock is from the database's, which alone decides about time. Measured, never acted upon. */
@Injectable()
export class ClockSkewMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  /** Seconds by which this process is ahead; negative when it is behind. */
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

  /** Half of the round trip is assumed to lie before the server's look at its clock. */
  private async measure(): Promise<void> {
    const before = Date.now();
    const rows = await this.database
      .query<{ now: number }>('SELECT (1000 * extract(epoch FROM clock_timestamp()))::float8 AS now')
      .catch(() => []);
    const [row] = rows;
    if (row !== undefined) this.skewS = ((before + Date.now()) / 2 - row.now) / 1000;
  }
}
