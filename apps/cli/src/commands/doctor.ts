import { type AllSettings, doctorNamespaces, examineSettings, processEnvironment } from '@app/config';
import { ApiKeysRepository, ResealingRepository, SessionsRepository, SweepingRepository } from '@app/entities';
import { KeyRing } from '@app/sealing';
import type { Product } from '@app/kernel';
import { type Command, Option } from 'commander';
import { confirm } from '../confirm.js';
import { apiKeyDates } from '../doctor/api-key-dates.js';
import { configuration, oldestPending, queue } from '../doctor/checks.js';
import { database } from '../doctor/database.js';
import { admission, cas } from '../doctor/egress-checks.js';
import { COUNTED_FAILED, failedSessions } from '../doctor/failed-sessions.js';
import { asLine, counted, type Finding, notChecked } from '../doctor/finding.js';
import { host } from '../doctor/host.js';
import { identityProvider } from '../doctor/identity-provider.js';
import { keyStage } from '../doctor/key-stage.js';
import { mintOnce } from '../doctor/mint.js';
import { withApp } from '../with-app.js';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('checks configuration, stores, keys and the services it calls, and suggests fixes; changes nothing')
    .addOption(
      new Option('--mint [product]', 'also make one call of CAS, which creates a session with the vendor')
        .choices(['stream', 'sync', 'chat'])
        .preset('stream'),
    )
    .option('--yes', 'make that call without asking')
    .option('--json', 'print a JSON array')
    .action(doctor);
}

interface Options {
  mint?: Product;
  yes?: true;
  json?: true;
}

/** Exits with 1 if a check fails. */
async function doctor({ mint, yes, json }: Options): Promise<void> {
  if (mint !== undefined && yes !== true)
    await confirm(`This calls CAS once and creates a ${mint} session with the vendor, which may be billed.`, '--yes');
  const findings = await examine(mint);
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else for (const finding of findings) process.stdout.write(asLine(finding));
  if (findings.some(({ level }) => level === 'fault')) process.exitCode = 1;
}

/** All checks. Parts whose variables are not set in this shell are reported as not checked. */
export async function examine(mint?: Product): Promise<Finding[]> {
  const { settings, faults, unset } = examineSettings(doctorNamespaces, processEnvironment());
  return [
    configuration(faults, unset),
    ...(await databaseAndRows(settings)),
    ...(await queue(settings)),
    await cas(settings, unset),
    ...(await identityProvider(settings)),
    ...(await admission(settings)),
    ...(await host(settings)),
    ...(mint === undefined ? [] : [await mintOnce(settings, mint)]),
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
