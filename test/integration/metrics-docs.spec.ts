import { Metrics } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { AdmissionService } from '../support/admission-service.js';
import { tableIn } from '../support/alarms.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

interface Registered {
  name: string;
  type: string;
  help: string;
  labelNames: string[];
}

describe('docs/metrics.md', () => {
  let testApp: TestApp;
  let worker: INestApplicationContext;
  let provider: IdentityProvider;
  let admission: AdmissionService;
  beforeAll(async () => {
    [provider, admission] = await Promise.all([IdentityProvider.start(), AdmissionService.start()]);
    // With all that registers metrics of its own.
    const env = { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', ...admission.env };
    testApp = await TestApp.open({ worker: false, env });
    worker = await testApp.startWorker();
  });
  afterAll(async () => {
    await testApp.end();
    await Promise.all([provider.close(), admission.close()]);
  });

  const registered = (app: INestApplicationContext) =>
    (app.get(Metrics, { strict: false }).registry.getMetricsAsArray() as unknown as Registered[])
      .filter(({ name }) => !/^(?:process|nodejs)_/.test(name))
      .map(({ name, type, labelNames, help }) => [
        `\`${name}\``,
        type,
        labelNames.map((label) => `\`${label}\``).join(', '),
        help,
      ])
      .sort();

  it.each(['gateway', 'worker'])('has every metric of a running %s, with type, labels and help text', (app) => {
    const documented = tableIn('docs/metrics.md', 'metric')
      .filter(([, , , from = '']) => from.split(', ').includes(app))
      .map(([name, type, labels, , help]) => [name, type, labels, help])
      .sort();
    expect(documented.length).toBeGreaterThan(10);
    expect(registered(app === 'gateway' ? testApp.gateway.app : worker)).toEqual(documented);
  });
});
