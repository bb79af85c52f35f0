import { Histogram, type Metrics } from '@app/observability';
import { LRUCache } from 'lru-cache';
import { customAlphabet } from 'nanoid';
import { Webhook } from 'standardwebhooks';
import { readLimited } from '../http/read-limited.js';
import { ProblemError } from '../problems/problem.js';
import { AdmissionPolicy, type AdmissionDecision, type AdmissionRequest } from './admission-policy.js';
import { parseAdmissionDecision, admissionRequestBody } from './admission-message.js';

/** The customer's admission service is unavailable or sent an invalid answer. */
export class AdmissionUnavailableError extends ProblemError {
  constructor(cause: unknown) {
    super('admission-unavailable', {}, { cause });
  }
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
export class AdmissionWebhook extends AdmissionPolicy {
  private readonly webhook: Webhook;
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
    { registry }: Metrics,
  ) {
    super();
    this.webhook = new Webhook(settings.secret);
    this.calls = new Histogram({
      name: 'admission_duration_seconds',
      help: 'Calls to the customer’s admission service by action and outcome; cached answers are not counted',
      labelNames: ['action', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
  }

  override async decide(question: AdmissionRequest): Promise<AdmissionDecision> {
    const { caller, action, room, session } = question;
    try {
      await this.cache.fetch(JSON.stringify([caller.id, action, session, room]), { context: question });
      return { allow: true };
    } catch (error) {
      if (error instanceof DeniedError) return { allow: false, reason: error.reason };
      throw error;
    }
  }

  private async measured(question: AdmissionRequest): Promise<AdmissionDecision> {
    const end = this.calls.startTimer({ action: question.action });
    try {
      const decision = await this.ask(question);
      end({ outcome: decision.allow ? 'allow' : 'deny' });
      return decision;
    } catch (error) {
      end({ outcome: 'unavailable' });
      throw new AdmissionUnavailableError(error);
    }
  }

  /** Redirects are not followed: only the configured URL may answer. */
  private async ask(question: AdmissionRequest): Promise<AdmissionDecision> {
    const body = JSON.stringify(admissionRequestBody(question));
    const id = `msg_${messageId()}`;
    const now = new Date();
    const reply = await fetch(this.settings.url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': this.webhook.sign(id, now, body),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(this.settings.timeoutMs),
    });
    const text = await readLimited(reply, MAX_BYTES);
    if (reply.status !== 200) throw new Error(`the status is ${String(reply.status)}`);
    return parseAdmissionDecision(text);
  }
}
