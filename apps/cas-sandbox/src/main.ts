import { processEnvironment, readSettings, sandboxNamespaces } from '@app/config';
import { createLog, runMain, untilListening } from '@app/observability';
import { createSandbox } from './configure.js';

async function main(): Promise<void> {
  const settings = readSettings(sandboxNamespaces, processEnvironment());
  const log = createLog('cas-sandbox', settings.runtime);
  const app = await createSandbox(settings, log);
  // Without useProcessExit Nest re-raises the signal, and the exit code reports a kill.
  app.enableShutdownHooks(undefined, { useProcessExit: true });
  const { host, port } = settings.sandbox;
  await untilListening({ host, port, variables: 'HOST, PORT' }, app.listen(port, host));
  log.info({ url: await app.getUrl() }, 'CAS sandbox is up');
}

runMain(main);
