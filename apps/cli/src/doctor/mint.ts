import { CasClient, CasClientModule, type CasEndpoint, CasEndpoints, CasError } from '@app/cas-client';
import { type AllSettings, SettingsModule } from '@app/config';
import { egressCause } from '@app/egress';
import { type Product, spellDuration } from '@app/kernel';
import { createLog, ObservabilityModule } from '@app/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fault, type Finding, notChecked, ok } from './finding.js';

/** Makes one call of each CAS endpoint as a worker does, which creates a session with the vendor. The token is dropped. */
export async function mintAtEach(settings: Partial<AllSettings>, product: Product): Promise<Finding[]> {
  const { cas, egress } = settings;
  if (cas === undefined || egress === undefined) return [notChecked('mint', 'CAS is not configured in this shell')];
  const log = createLog('cli', { production: true, logLevel: 'error' });
  const module: DynamicModule = {
    module: MintModule,
    imports: [
      await SettingsModule.with({ cas, egress }),
      ObservabilityModule.with(log, { opsPort: false }),
      CasClientModule,
    ],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    const client = app.get(CasClient);
    const endpoints = app.get(CasEndpoints).inOrder();
    const findings: Finding[] = [];
    for (const endpoint of endpoints) findings.push(await mintAt(client, endpoint, product, endpoints.length > 1));
    return findings;
  } finally {
    await app.close();
  }
}

async function mintAt(client: CasClient, endpoint: CasEndpoint, product: Product, named: boolean): Promise<Finding> {
  const check = named ? `mint at ${endpoint.name}` : 'mint';
  const startedAt = performance.now();
  const took = () => `after ${spellDuration(performance.now() - startedAt)}`;
  try {
    const { expiresAt } = await client.mint(product, { endpoint, sub: product === 'chat' ? 'doctor' : null });
    return ok(check, `CAS issued a ${product} token ${took()}, valid until ${expiresAt.toISOString()}; it was dropped`);
  } catch (error) {
    if (!(error instanceof CasError)) throw error;
    const status = error.status === undefined ? '' : `HTTP ${String(error.status)}: `;
    const cause = error.cause === undefined ? '' : ` (${egressCause(error.cause)})`;
    return fault(check, `${status}${error.message}${cause}, ${took()}`, adviceFor(error));
  }
}

function adviceFor({ code }: CasError): string {
  switch (code) {
    case 'cas-credentials-rejected':
      return 'check its key and secret (CAS_API_KEY and CAS_API_SECRET, or CAS_ENDPOINTS) in the portal of the vendor';
    case 'cas-rejected':
      return 'check its URL, and whether the contract with the vendor covers this product';
    default:
      return 'check its URL and the way to it; if both are right, ask the vendor';
  }
}

@Module({})
class MintModule {}
