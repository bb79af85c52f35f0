// A new data directory, and the checks of an existing one.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { majorOf } from '../paths.mjs';
import { run } from '../run.mjs';
import { ToolError } from '../steps.mjs';
import { isInitialised } from './places.mjs';
import { asUser } from './user.mjs';

export const SUPERUSER = 'postgres';

/** The superuser's password, generated with the data and kept beside it. */
export function keptPassword(file, dataDir) {
  const kept = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
  if (kept) return kept;
  if (isInitialised(dataDir)) putAsideDataWithoutPassword(file, dataDir);
  const password = randomBytes(24).toString('hex');
  fs.writeFileSync(`${file}.new`, `${password}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
  return password;
}

function putAsideDataWithoutPassword(file, dataDir) {
  if (dirname(dataDir) === dirname(file)) {
    throw new ToolError(
      `${file} is missing, so the data in ${dataDir} cannot be opened.\nPut it back, or remove both.`,
    );
  }
  // Relocated data whose own directory was removed, which is how to start with an empty database. Kept once.
  fs.rmSync(`${dataDir}.old`, { recursive: true, force: true });
  fs.renameSync(dataDir, `${dataDir}.old`);
}

/** In a temporary directory that is renamed when complete: an interrupted initdb leaves nothing that looks like data. */
export async function initialise({ binaries, dataDir, runAs, password, noSync }) {
  const temporary = `${dataDir}.new`;
  fs.rmSync(temporary, { recursive: true, force: true });
  fs.mkdirSync(temporary, { mode: 0o700 });
  const passwordFile = join(temporary, 'password');
  const fresh = join(temporary, 'data');
  fs.writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (runAs.uid !== undefined) {
    for (const path of [temporary, passwordFile]) fs.chownSync(path, runAs.uid, runAs.gid);
  }
  const collation = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${SUPERUSER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const args = [`--pgdata=${fresh}`, ...collation, ...access, ...(noSync ? ['--no-sync'] : [])];
  // Detached, so that Ctrl-C does not reach it.
  const options = { ...asUser(runAs), detached: true };
  const { code, output } = await run(join(binaries.native, 'bin', 'initdb'), args, options);
  if (code !== 0) {
    fs.rmSync(temporary, { recursive: true, force: true });
    throw new ToolError(`initdb failed:\n${output.trim()}`);
  }
  // It can only be empty, or never initialised.
  fs.rmSync(dataDir, { recursive: true, force: true });
  fs.renameSync(fresh, dataDir);
  fs.rmSync(temporary, { recursive: true, force: true });
}

export function refuseOtherMajor(binaries, dataDir) {
  const ofData = Number(fs.readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim());
  const ofBinaries = majorOf(binaries.version);
  if (ofData === ofBinaries) return;
  throw new ToolError(
    `The data in ${dataDir} is from Postgres ${ofData}; the installed binaries are Postgres ${ofBinaries}.\n` +
      'Remove the directory to start with an empty database, or choose another one with DATA_DIR=…',
  );
}
