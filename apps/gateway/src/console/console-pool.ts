import { Injectable } from '@nestjs/common';
import { PoolService } from '../pool/pool.service.js';
import type { PoolView } from '../pool/pool.schemas.js';

/** The warm pool as it was read last: an overview does not wait for a database that is unavailable. */
@Injectable()
export class ConsolePool {
  private last: PoolView | null = null;
  private reading = false;

  constructor(private readonly service: PoolService) {}

  /** Null before it was read for the first time. Reads it again for the next view. */
  view(): PoolView | null {
    void this.read();
    return this.last;
  }

  private async read(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    this.last = await this.service.read().catch(() => this.last);
    this.reading = false;
  }
}
