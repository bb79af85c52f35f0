import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BaseAdapter } from '@bull-board/api/baseAdapter';
import type { Queue } from 'bullmq';
import { DELIVER_WEBHOOKS } from '../deliver-webhooks.job.js';
import { ListenedQueue } from '../listened-queue.js';
import { MINT_TOKENS } from '../mint-tokens.job.js';

/** The queues as BullMQ's board reads them. Until it is opened there is no connection, and its code is not even read. */
@Injectable()
export class BoardQueues implements OnApplicationShutdown {
  private webhooks: Queue | undefined;

  constructor(@InjectQueue(MINT_TOKENS) private readonly mintTokens: Queue) {}

  /** To be called once. The queue of webhooks gets connections of its own, the other one has them. */
  async open(): Promise<readonly BaseAdapter[]> {
    const { BoardAdapter } = await import(/* webpackChunkName: "board" */ './board-adapter.js');
    // A reader does not write what a queue writes on connecting.
    this.webhooks = new ListenedQueue(DELIVER_WEBHOOKS, { ...this.mintTokens.opts, skipMetasUpdate: true });
    return [this.mintTokens, this.webhooks].map((queue) => new BoardAdapter(queue));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.webhooks?.close();
  }
}
