import { Counter, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

const KINDS = ['room', 'reopened', 'unnamed', 'chat'] as const;

/** Counts what requests open: each needs tokens of CAS. A session that existed, or that was retried, is not counted. */
@Injectable()
export class OpeningsMetrics {
  private readonly opened: Counter<'kind'>;

  constructor({ registry }: Metrics) {
    this.opened = new Counter({
      name: 'sessions_opened_total',
      help: 'Sessions opened by requests, by kind: room (new, next generations included), reopened (failed, pending again since its room was opened; retries are not counted), unnamed, chat (chat tokens)',
      labelNames: ['kind'],
      registers: [registry],
    });
    for (const kind of KINDS) this.opened.inc({ kind }, 0);
  }

  /** A session that a request created, or reopened. */
  record(kind: (typeof KINDS)[number]): void {
    this.opened.inc({ kind });
  }
}
