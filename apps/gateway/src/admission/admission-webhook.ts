import { type Egress, type EgressClient, egressCause, ReplyTooLargeError } from '@app/egress';
import { CodedError, endpoint } from '@app/kernel';
import { Histogram, type Log, type Metrics, OutageLog } from '@app/observability';
import { tracedCall, tracing } from '@app/tracing';
import type { OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { customAlphabet } from 'nanoid';
import { Webhook } from 'standardwebhooks';
import { ProblemError } from '../problems/problem.js';
import {
  AdmissionPolicy,
  type AdmissionDecision,
  type AdmissionQuestion,
  type AdmissionRequest,
  ADMISSION_ACTIONS,
} from './admission-policy.js';
import { parseAdmissionDecision, admissionRequestBody } from './admission-message.js';

/** The customer's admission service is unavailable or sent an invalid answer. */
export class AdmissionUnavailableError extends ProblemError {
  constructor(cause: AdmissionFailedError) {
    super('admission-unavailable', {}, { cause });
  }
}

/** What was wrong with a call; the message holds no text of the service. */
export class AdmissionFailedError extends CodedError {
  readonly code = 'admission-failed';
}

/** Carries a "deny" through the cache, which keeps no rejections. */
class DeniedError extends Error {
  constructor(readonly reason: string | null) {
    super('denied');
  }
}

export interface AdmissionSettings {
  url: string;
  /** Base64, with or without `whsec_`. */
  secret: string;
  timeoutMs: number;
}

/** How long an "allow" is cached, in ms. A "deny" is never cached. */
const REMEMBERED_MS = 5000;
const REMEMBERED = 50_000;
const MAX_BYTES = 16 * 1024;

const messageId = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 24);

/**
 * The customer's logic behind their URL: one signed POST per question (Standard Webhooks), with one time limit for
 * the whole answer. Identical concurrent questions share one call.
 */
export class AdmissionWebhook extends AdmissionPolicy implements OnApplicationShutdown {
  private readonly webhook: Webhook;
  private readonly client: EgressClient;
  private readonly outages: OutageLog;
  private readonly calls: Histogram<'action' | 'outcome'>;
  private readonly cache = new LRUCache<string, true, AdmissionRequest>({
    max: REMEMBERED,
    ttl: REMEMBERED_MS,
    fetchMethod: async (_key, _stale, { context }): Promise<true> => {
      const decision = await this.measured(context);
      if (!decision.allow) throw new DeniedError(decision.reason);
      return true;
    },
  });

  constructor(
    private readonly settings: AdmissionSettings,
    egress: Egress,
    { registry }: Metrics,
    log: Pick<Log, 'warn'>,
  ) {
    super();
    this.webhook = new Webhook(settings.secret);
    this.client = egress.client({ timeoutMs: settings.timeoutMs, maxBytes: MAX_BYTES });
    this.outages = new OutageLog(log);
    this.calls = new Histogram({
      name: 'admission_duration_seconds',
      help: 'Duration of calls to your admission service by action and outcome (allow, deny, unavailable), in seconds; answers from memory are not counted',
      labelNames: ['action', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
    // A series that first appears at 1 shows no increase, so an alert would not fire.
    for (const action of ADMISSION_ACTIONS) this.calls.zero({ action, outcome: 'unavailable' });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }

  override async decide(question: AdmissionRequest): Promise<AdmissionDecision> {
    try {
      await this.cache.fetch(keyOf(question), { context: question });
      return { allow: true };
    } catch (error) {
      if (error instanceof DeniedError) return { allow: false, reason: error.reason };
      throw error;
    }
  }

  override allowsNow(question: AdmissionQuestion): boolean {
    return this.cache.get(keyOf(question)) === true;
  }

  private async measured(question: AdmissionRequest): Promise<AdmissionDecision> {
    const end = this.calls.startTimer({ action: question.action });
    const admission = endpoint(this.settings.url);
    try {
      const attributes = { 'watchtogether.admission.action': question.action };
      const decision = await tracedCall('admission ask', attributes, () => this.ask(question));
      end({ outcome: decision.allow ? 'allow' : 'deny' });
      this.outages.worked('admission service available again', { admission });
      return decision;
    } catch (error) {
      end({ outcome: 'unavailable' });
      const failure =
        error instanceof AdmissionFailedError
          ? error
          : new AdmissionFailedError(`the admission service is unreachable (${egressCause(error)})`);
      const message = 'admission service unavailable: callers receive 503 until it answers';
      this.outages.failed(failure.message, message, { admission });
      throw new AdmissionUnavailableError(failure);
    }
  }

  /** Redirects are not followed: only the configured URL may answer. */
  private async ask(question: AdmissionRequest): Promise<AdmissionDecision> {
    const body = JSON.stringify(admissionRequestBody(question));
    const id = `msg_${messageId()}`;
    const now = new Date();
    const traceparent = tracing()?.traceparent();
    const headers = {
      ...(traceparent !== undefined && { traceparent }),
      'content-type': 'application/json',
      accept: 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': this.webhook.sign(id, now, body),
    };
    const reply = await this.client
      .send(this.settings.url, { method: 'POST', body, headers })
      .catch((error: unknown) => {
        if (!(error instanceof ReplyTooLargeError)) throw error;
        throw new AdmissionFailedError(`the admission service answered with more than ${String(MAX_BYTES / 1024)} KiB`);
      });
    if (reply.status !== 200) {
      throw new AdmissionFailedError(`the admission service answered with status ${String(reply.status)}`);
    }
    return decisionIn(reply.text);
  }
}

/** Its own errors quote the text. */
function decisionIn(text: string): AdmissionDecision {
  try {
    return parseAdmissionDecision(text);
  } catch (error) {
    const what = error instanceof SyntaxError ? 'is not JSON' : 'has no allow that is true or false';
    throw new AdmissionFailedError(`the answer of the admission service ${what}`);
  }
}

function keyOf({ caller, action, room, session, subject }: AdmissionQuestion): string {
  return JSON.stringify([caller.id, action, session, room, subject]);
}
