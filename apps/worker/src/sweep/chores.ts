import {
  AUDIT_BATCH,
  EVENTS_BATCH,
  PROCESSES_BATCH,
  POOL_BATCH,
  type PoolRepository,
  type ProcessesRepository,
  SEATS_BATCH,
  type SeatsRepository,
  SWEEP_BATCH,
  type SweepingRepository,
  type WebhookDeliveriesRepository,
} from '@app/entities';
import type { PoolDiscard, PoolLimits } from '@app/kernel';
import type { DeliverWebhooksQueue, MintTokensQueue } from '@app/queue';

/** A time-driven task, done in batches. */
export interface Chore {
  /** The label `chore` of the metrics. */
  name: string;
  /** Pause between two rounds, in ms. */
  everyMs: number;
  /** Processes one batch and returns the number of rows. Takes bounded time, and is safe to run concurrently. */
  runBatch(): Promise<number>;
  /** Rows of a full batch, after which there may be more. */
  batch: number;
  /** Concurrent batches while there is a backlog. */
  lanes: number;
  /** Whether it works off a backlog without a rest. Otherwise it uses at most half of the time of a connection. */
  urgent: boolean;
}

/** Tokens must be erased within 5 s of their expiry, 100,000 of one moment too: there is no time for a longer pause. */
const EXPIRE_AT_LEAST_EVERY_MS = 1000;
/** Enough to keep two cores of the database busy; most of the connection pool is left to the jobs. */
const EXPIRE_LANES = 3;

/** How long a new event waits at most until a worker is told, in ms. The rest of the time it is a look at the endpoints. */
const DELIVER_AT_LEAST_EVERY_MS = 500;

export interface SweepSettings {
  sweepEveryMs: number;
  retentionS: number;
  auditRetentionS: number;
  expiryNoticeS: number;
  webhookRetentionS: number;
  pool: PoolLimits;
}

/** What the chores work with. */
export interface SweepParts {
  sweeping: SweepingRepository;
  seats: SeatsRepository;
  queue: Pick<MintTokensQueue, 'add'>;
  deliveries: WebhookDeliveriesRepository;
  webhooks: Pick<DeliverWebhooksQueue, 'add'>;
  processes: ProcessesRepository;
  pool: Pick<PoolRepository, 'discard'>;
  /** Counts the sets that were discarded, and returns how many. */
  onDiscarded: (sets: Record<PoolDiscard, number>) => number;
}

/** All chores. They share no state, so they run independently of each other. */
export function chores(
  { sweeping, seats, queue, deliveries, webhooks, processes, pool, onDiscarded }: SweepParts,
  { sweepEveryMs: everyMs, retentionS, auditRetentionS, expiryNoticeS, webhookRetentionS, pool: limits }: SweepSettings,
): Chore[] {
  const urgent = { everyMs, batch: SWEEP_BATCH, lanes: 1, urgent: true };
  const patient = { ...urgent, urgent: false };
  const reEnqueue = async (): Promise<number> => {
    const due = await sweeping.takeDue();
    if (due.length > 0) await queue.add(due);
    return due.length;
  };
  // Of every new event: no rows of maintenance, and no line in the log.
  const deliverWebhooks = async (): Promise<number> => {
    const due = await deliveries.dueEndpoints();
    if (due.length > 0) await webhooks.add(due);
    return 0;
  };
  return [
    {
      name: 'expire',
      ...urgent,
      batch: EVENTS_BATCH,
      everyMs: Math.min(everyMs, EXPIRE_AT_LEAST_EVERY_MS),
      lanes: EXPIRE_LANES,
      runBatch: () => sweeping.expire(),
    },
    {
      name: 'deliver-webhooks',
      ...urgent,
      everyMs: Math.min(everyMs, DELIVER_AT_LEAST_EVERY_MS),
      runBatch: deliverWebhooks,
    },
    {
      name: 'announce-expiry',
      ...patient,
      batch: EVENTS_BATCH,
      runBatch: () => sweeping.announceExpiry(expiryNoticeS),
    },
    { name: 'purge-webhooks', ...patient, runBatch: () => deliveries.purge(webhookRetentionS) },
    { name: 'fail-overdue', ...urgent, batch: EVENTS_BATCH, runBatch: () => sweeping.failOverdue() },
    // The oldest sessions come first, and the queue has to serve its jobs meanwhile.
    { name: 're-enqueue', ...patient, runBatch: reEnqueue },
    { name: 'free-lapsed-seats', ...patient, batch: SEATS_BATCH, runBatch: () => seats.deleteLapsed() },
    { name: 'purge-sessions', ...patient, runBatch: () => sweeping.purgeSessions(retentionS) },
    { name: 'purge-idempotency-keys', ...patient, runBatch: () => sweeping.purgeIdempotencyKeys() },
    { name: 'purge-audit', ...patient, batch: AUDIT_BATCH, runBatch: () => sweeping.purgeAudit(auditRetentionS) },
    {
      name: 'discard-pool',
      ...patient,
      batch: POOL_BATCH,
      runBatch: async () => onDiscarded(await pool.discard(limits)),
    },
    { name: 'purge-processes', ...patient, batch: PROCESSES_BATCH, runBatch: () => processes.purge() },
  ];
}
