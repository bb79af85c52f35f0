import { ConfigService, type SettingsService } from '@app/config';
import {
  ClockSkewMonitor,
  type MintTask,
  type Publication,
  PublishingRepository,
  type SealedToken,
} from '@app/entities';
import { failpoint, StoreUnavailableError } from '@app/kernel';
import { LOG, type Log } from '@app/observability';
import type { JobResult, PriorRuns } from '@app/queue';
import { Sealing } from '@app/sealing';
import { traced, tracing } from '@app/tracing';
import { Inject, Injectable } from '@nestjs/common';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { MintingMetrics } from './minting.metrics.js';
import { CasFailover, type Minted } from '../cas/cas-failover.js';
import { decideRetry, type RetryDecision, retryDelay, waitReason } from './retry-policy.js';
import { answerOf, RunNotes } from './run-notes.js';

/** A minted token has already cost a vendor session, so publishing it is retried for 9 s while the database is unavailable. */
const PUBLISH_RETRY = retry(
  handleWhen((error) => error instanceof StoreUnavailableError),
  { maxAttempts: 9, backoff: new ConstantBackoff(1000) },
);

/** Mints the missing tokens of a session, seals and publishes them. Independent of BullMQ. */
@Injectable()
export class MintTokensHandler {
  constructor(
    private readonly publishing: PublishingRepository,
    private readonly cas: CasFailover,
    private readonly sealing: Sealing,
    private readonly metrics: MintingMetrics,
    private readonly clock: ClockSkewMonitor,
    @Inject(ConfigService) private readonly config: SettingsService<'runtime'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async mint(sessionId: string, prior: PriorRuns, signal?: AbortSignal): Promise<JobResult> {
    const task = await this.publishing.task(sessionId);
    if (task === null) return { kind: 'done' };
    // The sweeper knows nothing of the request.
    tracing()?.linkActive(task.traceparent);
    if (task.waitMs > 0) return { kind: 'retry', afterMs: task.waitMs };

    const notes = new RunNotes(prior, this.clock.skewS);
    const minted = await this.mintMissing(sessionId, task, notes, signal);
    if (minted === null) return this.recheck(sessionId);
    const { endpoint, errors } = minted;
    const tokens = this.sealAll(sessionId, minted);
    failpoint(this.config.get('runtime', { infer: true }).failpoint, 'after-cas');

    const publish = () => this.publishWithRetry(sessionId, endpoint, tokens, notes, signal);
    const publication = await traced('publish tokens', {}, publish);
    this.record(sessionId, publication);
    failpoint(this.config.get('runtime', { infer: true }).failpoint, 'after-publish');

    const verdict = decideRetry(errors);
    if (publication.readyAfterMs !== null) return { kind: 'done' };
    if (!publication.pending || verdict === null) return this.recheck(sessionId);
    return this.applyDecision(sessionId, verdict, task.attempts, errors, notes);
  }

  /**
   * The session left `pending` during this run, or another run has published a token of another endpoint, and all of
   * this one were discarded. If it is pending (since a retry has set it back, or some tokens are missing), a new job would be
   * rejected as a duplicate of this one, so this job continues.
   */
  private async recheck(sessionId: string): Promise<JobResult> {
    const task = await this.publishing.task(sessionId);
    return task === null ? { kind: 'done' } : { kind: 'retry', afterMs: task.waitMs };
  }

  private mintMissing(
    sessionId: string,
    { products, missing, endpoint, chatSubject: sub }: MintTask,
    notes: RunNotes,
    signal: AbortSignal | undefined,
  ): Promise<Minted | null> {
    const run = {
      attempt: notes.attempt.bind(notes),
      discard: (tokens: number) => {
        this.metrics.wasted.inc(tokens);
      },
      leave: async () => {
        const released = await this.publishing.release(sessionId, endpoint);
        this.metrics.wasted.inc(released ?? 0);
        return released !== null;
      },
    };
    return this.cas.mint({ products, missing, endpoint, sub }, run, signal);
  }

  private sealAll(sessionId: string, { tokens }: Minted): SealedToken[] {
    return tokens.map(({ product, token, expiresAt }) => {
      return { product, expiresAt, ...this.sealing.seal(token, { sessionId, product }) };
    });
  }

  /** Publishing is idempotent for the same sealed tokens, so it can be retried after an uncertain commit. */
  private async publishWithRetry(
    id: string,
    endpoint: string,
    tokens: readonly SealedToken[],
    notes: RunNotes,
    signal?: AbortSignal,
  ): Promise<Publication> {
    const publish = () => this.publishing.publish(id, { endpoint, tokens }, notes.list());
    if (tokens.length === 0) return publish();
    const startedAt = performance.now();
    try {
      return await PUBLISH_RETRY.execute(({ attempt }) => {
        if (attempt === 1) notes.publishingWaits(startedAt);
        return publish();
      }, signal);
    } catch (error) {
      this.metrics.wasted.inc(tokens.length);
      throw error;
    }
  }

  private record(sessionId: string, publication: Publication): void {
    this.metrics.wasted.inc(publication.discarded.length);
    if (publication.discarded.length > 0) {
      this.log.info({ sessionId, products: publication.discarded }, 'token minted too late, discarded');
    }
    if (publication.readyAfterMs !== null) {
      this.metrics.timeToReady.observe(publication.readyAfterMs / 1000);
      this.log.info({ sessionId, ms: Math.round(publication.readyAfterMs) }, 'session is ready');
    }
  }

  private async applyDecision(
    id: string,
    verdict: RetryDecision,
    attempts: number,
    errors: readonly unknown[],
    notes: RunNotes,
  ): Promise<JobResult> {
    switch (verdict.kind) {
      case 'cancel':
        if (await this.publishing.fail(id, verdict.code, notes.failed(verdict.code)))
          this.metrics.failed.inc({ code: verdict.code });
        this.log.error({ sessionId: id, code: verdict.code, ...answerOf(errors) }, 'session failed');
        return verdict;
      case 'retry': {
        const waitMs = retryDelay(verdict, attempts);
        const { counted, code } = verdict;
        const waiting = notes.waiting(waitMs, waitReason(verdict, waitMs, errors), code);
        await this.publishing.postpone(id, { waitMs, counted, code, notes: waiting });
        if (verdict.code === null)
          this.log.error(
            { sessionId: id, waitMs, err: errors[0] },
            'minting failed with an unexpected error, will be retried',
          );
        else
          this.log.info(
            { sessionId: id, waitMs, code: verdict.code, ...answerOf(errors) },
            'minting failed, will be retried',
          );
        return { kind: 'retry', afterMs: waitMs };
      }
    }
  }
}
