import { CasClient } from '@app/cas-client';
import { ConfigService, type SettingsService } from '@app/config';
import { ClockSkewMonitor, type Publication, PublishingRepository, type SealedToken } from '@app/entities';
import { failpoint, type Product, StoreUnavailableError } from '@app/kernel';
import { LOG, type Log } from '@app/observability';
import type { JobResult, PriorRuns } from '@app/queue';
import { Sealing } from '@app/sealing';
import { traced, tracing } from '@app/tracing';
import { Inject, Injectable } from '@nestjs/common';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { MintingMetrics } from './minting.metrics.js';
import { CasCircuitBreaker } from './cas-circuit-breaker.js';
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
    private readonly cas: CasCircuitBreaker,
    private readonly sealing: Sealing,
    private readonly metrics: MintingMetrics,
    private readonly client: CasClient,
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

    const notes = new RunNotes(this.client.endpoint, prior, this.clock.skewS);
    const runs = await Promise.allSettled(
      task.missing.map((product) => this.mintOne({ sessionId, product, sub: task.chatSubject }, notes, signal)),
    );
    const tokens = runs.flatMap((run) => (run.status === 'fulfilled' ? [run.value] : []));
    const errors = runs.flatMap((run): unknown[] => (run.status === 'rejected' ? [run.reason] : []));
    failpoint(this.config.get('runtime', { infer: true }).failpoint, 'after-cas');

    const publish = () => this.publishWithRetry(sessionId, tokens, notes, signal);
    const publication = await traced('publish tokens', {}, publish);
    this.record(sessionId, publication);
    failpoint(this.config.get('runtime', { infer: true }).failpoint, 'after-publish');

    const verdict = decideRetry(errors);
    if (publication.readyAfterMs !== null) return { kind: 'done' };
    if (!publication.pending) return this.recheck(sessionId);
    if (verdict === null) return { kind: 'done' };
    return this.applyDecision(sessionId, verdict, task.attempts, errors, notes);
  }

  /**
   * The session left `pending` during this run. If a retry has set it back to pending since, its new job was rejected
   * as a duplicate of this one, so this job continues.
   */
  private async recheck(sessionId: string): Promise<JobResult> {
    const task = await this.publishing.task(sessionId);
    return task === null ? { kind: 'done' } : { kind: 'retry', afterMs: task.waitMs };
  }

  private async mintOne(
    { sessionId, product, sub }: { sessionId: string; product: Product; sub: string | null },
    notes: RunNotes,
    signal: AbortSignal | undefined,
  ): Promise<SealedToken> {
    const { token, expiresAt } = await notes.attempt(product, () => this.cas.mint(product, signal, sub));
    return { product, expiresAt, ...this.sealing.seal(token, { sessionId, product }) };
  }

  /** Publishing is idempotent for the same sealed tokens, so it can be retried after an uncertain commit. */
  private async publishWithRetry(
    id: string,
    tokens: readonly SealedToken[],
    notes: RunNotes,
    signal?: AbortSignal,
  ): Promise<Publication> {
    if (tokens.length === 0) return this.publishing.publish(id, tokens, notes.list());
    const startedAt = performance.now();
    try {
      return await PUBLISH_RETRY.execute(({ attempt }) => {
        if (attempt === 1) notes.publishingWaits(startedAt);
        return this.publishing.publish(id, tokens, notes.list());
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
