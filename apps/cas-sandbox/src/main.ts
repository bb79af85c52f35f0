import { processEnvironment, readSettings, type SandboxSettings, sandboxNamespaces } from '@app/config';
import { createLog } from '@app/observability';
import { createSandbox } from './configure.js';

function settingsOrExit(): SandboxSettings {
  try {
    return readSettings(sandboxNamespaces, processEnvironment());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

const settings = settingsOrExit();
const log = createLog('cas-sandbox', settings.runtime);
const app = await createSandbox(settings, log);
// Without useProcessExit Nest raises the signal again, and the exit code tells of a kill.
app.enableShutdownHooks(undefined, { useProcessExit: true });
await app.listen(settings.sandbox.port, settings.sandbox.host);
log.info({ url: await app.getUrl() }, 'CAS sandbox is listening');
