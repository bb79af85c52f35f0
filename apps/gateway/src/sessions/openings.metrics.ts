import { Counter, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

const KINDS = ['room', 'unnamed', 'chat'] as const;

/** Counts new sessions and chat tokens. One that existed, or that was put back to pending, is not new. */
@Injectable()
export class OpeningsMetrics {
  private readonly opened: Counter<'kind'>;

  constructor({ registry }: Metrics) {
    this.opened = new Counter({
      name: 'sessions_opened_total',
      help: 'Sessions created by requests, by kind: room (next generations included), unnamed, chat (chat tokens); without those that were set back to pending',
      labelNames: ['kind'],
      registers: [registry],
    });
    for (const kind of KINDS) this.opened.inc({ kind }, 0);
  }

  /** A session that a request created. */
  record(kind: (typeof KINDS)[number]): void {
    this.opened.inc({ kind });
  }
}
