import { StartupError } from '@app/kernel';
import { scrub } from './scrub.js';

/** Runs a process's `main`. One that cannot start says why, for operators and without secrets, and exits with 1. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    const text =
      error instanceof StartupError ? error.message : error instanceof Error ? (error.stack ?? error.message) : '';
    process.stderr.write(`${scrub(text)}\n`);
    process.exit(1);
  });
}
