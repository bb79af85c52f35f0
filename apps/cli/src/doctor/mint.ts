import { CasClient, CasClientModule, CasError } from '@app/cas-client';
import { type AllSettings, SettingsModule } from '@app/config';
import { egressCause } from '@app/egress';
import { type Product, spellDuration } from '@app/kernel';
import { createLog, ObservabilityModule } from '@app/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fault, type Finding, notChecked, ok } from './finding.js';

/** Makes one call of CAS as a worker does, which creates a session with the vendor. The token is dropped. */
export async function mintOnce(settings: Partial<AllSettings>, product: Product): Promise<Finding> {
  const { cas, egress } = settings;
  if (cas === undefined || egress === undefined) return notChecked('mint', 'CAS is not configured in this shell');
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
  const startedAt = performance.now();
  const took = () => `after ${spellDuration(performance.now() - startedAt)}`;
  try {
    const client = app.get(CasClient);
    const { expiresAt } = await client.mint(product, undefined, product === 'chat' ? 'doctor' : null);
    return ok(
      'mint',
      `CAS issued a ${product} token ${took()}, valid until ${expiresAt.toISOString()}; it was dropped`,
    );
  } catch (error) {
    if (!(error instanceof CasError)) throw error;
    const status = error.status === undefined ? '' : `HTTP ${String(error.status)}: `;
    const cause = error.cause === undefined ? '' : ` (${egressCause(error.cause)})`;
    return fault('mint', `${status}${error.message}${cause}, ${took()}`, adviceFor(error));
  } finally {
    await app.close();
  }
}

function adviceFor({ code }: CasError): string {
  switch (code) {
    case 'cas-credentials-rejected':
      return 'check CAS_API_KEY and CAS_API_SECRET in the portal of the vendor';
    case 'cas-rejected':
      return 'check CAS_URL, and whether the contract with the vendor covers this product';
    default:
      return 'check CAS_URL and the way to it; if both are right, ask the vendor';
  }
}

@Module({})
class MintModule {}
