// npm start and npm run dev: the whole product on this machine. start/main.mjs does the work; it is imported late, since
// it needs packages that the bootstrap installs.
//
//   node tools/start.mjs [--watch]
import { fileURLToPath } from 'node:url';
import { onProjectNode } from './bootstrap.mjs';
import { reportAndExit } from './steps.mjs';

try {
  if (await onProjectNode(fileURLToPath(import.meta.url))) {
    const { start } = await import('./start/main.mjs');
    await start({ watch: process.argv.includes('--watch') });
  }
} catch (error) {
  reportAndExit(error);
}
