import { ConfigService, type SettingsService } from '@app/config';
import { Egress } from '@app/egress';
import { LOG, type Log, Metrics } from '@app/observability';
import { type FactoryProvider, Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { ProblemError } from '../problems/problem.js';
import {
  type AdmissionAction,
  AdmissionPolicy,
  type AdmissionQuestion,
  AllowAll,
  type AdmissionTarget,
} from './admission-policy.js';
import { AdmissionWebhook } from './admission-webhook.js';

/** Enforces the customer's decision. */
@Injectable()
export class Admission {
  constructor(private readonly policy: AdmissionPolicy) {}

  /** Whether the customer's answer to this question is known at this moment, and is yes. */
  allowsNow(question: AdmissionQuestion): boolean {
    return this.policy.allowsNow(question);
  }

  /** @throws ProblemError 403 with the customer's reason · AdmissionUnavailableError */
  async require(caller: Caller, action: AdmissionAction, target: AdmissionTarget): Promise<void> {
    if (this.policy.allowsNow({ caller, action, ...target })) return caller.revalidate();
    const decision = await this.policy.decide({ caller, action, ...target });
    // The answer took its time: what it allows must still be asked by a valid credential.
    if (decision.allow) return caller.revalidate();
    throw new ProblemError('admission-denied', {
      ...(decision.reason !== null && { detail: decision.reason }),
      ...(target.session !== null && { sessionId: target.session }),
    });
  }
}

/** This deployment's policy: the customer's service if configured, else scopes alone. */
export const admissionPolicy: FactoryProvider<AdmissionPolicy> = {
  provide: AdmissionPolicy,
  inject: [ConfigService, Egress, Metrics, LOG],
  useFactory: (config: SettingsService<'admission'>, egress: Egress, metrics: Metrics, log: Log) => {
    const settings = config.get('admission', { infer: true });
    return settings === null ? new AllowAll() : new AdmissionWebhook(settings, egress, metrics, log);
  },
};
