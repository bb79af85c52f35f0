import { ConfigService, type SettingsService } from '@app/config';
import { Metrics } from '@app/observability';
import { type FactoryProvider, Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import { Problem } from '../problems/problem.js';
import { type AdmissionAction, AdmissionRule, ByScopeAlone, type Target } from './admission-rule.js';
import { AdmissionWebhook } from './admission-webhook.js';

/** Asks the customer's logic. There is no way round it: who is not admitted goes no further. */
@Injectable()
export class Admission {
  constructor(private readonly rule: AdmissionRule) {}

  /** @throws Problem 403 with the customer's reason · AdmissionUnavailable when nobody can say */
  async require(caller: Caller, action: AdmissionAction, { room, session }: Target): Promise<void> {
    const decision = await this.rule.decide({ caller, action, room, session });
    if (decision.allow) return;
    throw new Problem('admission-denied', {
      ...(decision.reason !== null && { detail: decision.reason }),
      ...(session !== null && { sessionId: session }),
    });
  }
}

/** The rule of this deployment: the customer's service if there is one, else scopes alone. */
export const admissionRule: FactoryProvider<AdmissionRule> = {
  provide: AdmissionRule,
  inject: [ConfigService, Metrics],
  useFactory: (config: SettingsService<'admission'>, metrics: Metrics) => {
    const settings = config.get('admission', { infer: true });
    return settings === null ? new ByScopeAlone() : new AdmissionWebhook(settings, metrics);
  },
};
