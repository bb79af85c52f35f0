import { type AllSettings, doctorNamespaces, examineSettings, processEnvironment } from '@app/config';
import { ApiKeysRepository, ResealingRepository, SessionsRepository, SweepingRepository } from '@app/entities';
import type { Product } from '@app/kernel';
import { KeyRing } from '@app/sealing';
import { withApp } from '../with-app.js';
import { apiKeyDates } from './api-key-dates.js';
import { configuration, oldestPending, queue } from './checks.js';
import { database } from './database.js';
import { admission, cas } from './egress-checks.js';
import { COUNTED_FAILED, failedSessions } from './failed-sessions.js';
import { counted, type Finding, notChecked } from './finding.js';
import { host } from './host.js';
import { identityProvider } from './identity-provider.js';
import { keyStage } from './key-stage.js';
import { mintAtEach } from './mint.js';
import { traces } from './traces.js';

/**
 * All checks. Parts whose variables are not set in this shell are reported as not checked.
 *
 * @param mint the product of which one token is minted as well
 */
export async function examine(mint?: Product): Promise<Finding[]> {
  const { settings, faults, unset } = examineSettings(doctorNamespaces, processEnvironment());
  return [
    configuration(faults, unset),
    ...(await databaseAndRows(settings)),
    ...(await queue(settings)),
    ...(await cas(settings, unset)),
    ...(await identityProvider(settings)),
    ...(await admission(settings)),
    ...(await traces(settings)),
    ...(await host(settings)),
    ...(mint === undefined ? [] : await mintAtEach(settings, mint)),
  ];
}

async function databaseAndRows(settings: Partial<AllSettings>): Promise<Finding[]> {
  if (settings.database === undefined) {
    const text = 'DATABASE_URL is not set or invalid: the database cannot be checked';
    return [{ check: 'database', level: 'fault', text, advice: 'set DATABASE_URL in this shell' }];
  }
  const { ready, findings } = await database(settings.database, settings.runtime?.production !== false);
  if (!ready) return [...findings, notChecked('rows', 'key ring, API keys and sessions require a working database')];
  return [...findings, ...(await rows({ database: settings.database, runtime: RUNTIME }, settings.sealing))];
}

/** Fixed, so that an invalid LOG_LEVEL does not prevent the checks. */
const RUNTIME = { production: true, logLevel: 'error' };

function rows(
  settings: Pick<AllSettings, 'database'> & { runtime: typeof RUNTIME },
  sealing: AllSettings['sealing'] | undefined,
): Promise<Finding[]> {
  return withApp(settings, [], async (app) => [
    await keyRing(app.get(ResealingRepository), sealing),
    apiKeyDates(await app.get(ApiKeysRepository).list(), Date.now()),
    oldestPending(await app.get(SweepingRepository).oldestPendingS()),
    failedSessions(await app.get(SessionsRepository).countFailed(COUNTED_FAILED)),
  ]);
}

async function keyRing(repository: ResealingRepository, sealing: AllSettings['sealing'] | undefined): Promise<Finding> {
  const uses = await repository.keysInUse();
  if (sealing === undefined) {
    const found = uses.map(({ keyId, tokens }) => `${keyId} seals ${counted(tokens, 'token')}`).join(', ');
    return notChecked('key ring', `TOKEN_ENCRYPTION_KEYS is not set in this shell; ${found || 'no tokens are sealed'}`);
  }
  const keyIds = sealing.keys.map(({ id }) => id);
  const idle = keyIds.filter((id) => !uses.some(({ keyId }) => keyId === id));
  const broken = brokenKeys(sealing.keys, await repository.samples(keyIds));
  return keyStage(keyIds, uses, await repository.keysOfErased(idle), broken);
}

function brokenKeys(
  keys: AllSettings['sealing']['keys'],
  samples: Awaited<ReturnType<ResealingRepository['samples']>>,
): string[] {
  const ring = new KeyRing(keys);
  return samples.flatMap(({ keyId, sealed, ...context }) => {
    try {
      ring.open(sealed, context);
      return [];
    } catch {
      return [keyId];
    }
  });
}
