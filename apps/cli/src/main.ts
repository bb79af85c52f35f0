import { runMain } from '@app/observability';
import { createProgram } from './program.js';

runMain(async () => {
  await createProgram((code) => process.exit(code)).parseAsync();
});
