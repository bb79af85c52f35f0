import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { JobType, Queue } from 'bullmq';

/** A state of jobs in Postgres that BullMQ's types leave out. */
const PAUSED = 'paused' as JobType;

/** A queue for BullMQ's board, which may change nothing. */
export class BoardAdapter extends BullMQAdapter {
  constructor(private readonly source: Queue) {
    super(source, { readOnlyMode: true, allowRetries: false });
  }

  /** In Postgres, jobs that wait in a paused queue are counted apart, and the board would not show them. */
  override async getJobCounts(): ReturnType<BullMQAdapter['getJobCounts']> {
    const [counts, { paused = 0 }] = await Promise.all([super.getJobCounts(), this.source.getJobCounts(PAUSED)]);
    return { ...counts, waiting: (counts.waiting ?? 0) + paused };
  }
}
