import { rmSync } from 'node:fs';

export default async function globalTeardown() {
  const services = globalThis.testServices;
  if (!services) return;
  // The data is thrown away: no reason to let Postgres write it out first.
  await Promise.all([services.postgres?.stop('immediate'), services.redis?.stop()]);
  for (const path of [services.directory, services.postgres?.dataDir]) {
    if (path) rmSync(path, { recursive: true, force: true });
  }
}
