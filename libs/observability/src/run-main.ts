import { StartupError } from '@app/kernel';
import { scrub } from './scrub.js';

/** Runs the `main` of a process. If it fails, prints the reason without secrets to stderr and exits with code 1. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    const text =
      error instanceof StartupError ? error.message : error instanceof Error ? (error.stack ?? error.message) : '';
    process.stderr.write(`${scrub(text)}\n`);
    process.exit(1);
  });
}
