import { AUDIT_BATCH, SWEEP_BATCH, type SweepingRepository } from '@app/entities';
import type { MintTokensQueue } from '@app/queue';

/** A time-driven task, done in batches. */
export interface Chore {
  /** The label `chore` of the metrics. */
  name: string;
  /** Processes one batch and returns the number of rows. Takes bounded time, and is safe to run concurrently. */
  runBatch(): Promise<number>;
  /** Rows of a full batch, after which there may be more. */
  batch: number;
  /** Concurrent batches while there is a backlog. */
  lanes: number;
  /** Whether it works off a backlog without a rest. Otherwise it uses at most half of the time of a connection. */
  urgent: boolean;
}

/** Erases 100,000 tokens that expire in one moment within 5 s, and leaves most of the connection pool to the jobs. */
const EXPIRE_LANES = 3;

/** All chores. They share no state, so they run independently of each other. */
export function chores(
  sweeping: SweepingRepository,
  queue: Pick<MintTokensQueue, 'add'>,
  { retentionS, auditRetentionS }: { retentionS: number; auditRetentionS: number },
): Chore[] {
  const urgent = { batch: SWEEP_BATCH, lanes: 1, urgent: true };
  const patient = { ...urgent, urgent: false };
  const reEnqueue = async (): Promise<number> => {
    const due = await sweeping.takeDue();
    if (due.length > 0) await queue.add(due);
    return due.length;
  };
  return [
    { name: 'expire', ...urgent, lanes: EXPIRE_LANES, runBatch: () => sweeping.expire() },
    { name: 'fail-overdue', ...urgent, runBatch: () => sweeping.failOverdue() },
    // The oldest sessions come first, and the queue has to serve its jobs meanwhile.
    { name: 're-enqueue', ...patient, runBatch: reEnqueue },
    { name: 'purge-sessions', ...patient, runBatch: () => sweeping.purgeSessions(retentionS) },
    { name: 'purge-idempotency-keys', ...patient, runBatch: () => sweeping.purgeIdempotencyKeys() },
    { name: 'purge-audit', ...patient, batch: AUDIT_BATCH, runBatch: () => sweeping.purgeAudit(auditRetentionS) },
  ];
}
