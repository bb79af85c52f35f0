import { classifyCause, describeCause, StartupError } from '@app/kernel';
import { scrub } from './scrub.js';

/** Runs the `main` of a process. If it fails, prints the reason without secrets to stderr and exits with code 1. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    const text = reason(error);
    process.stderr.write(`${scrub(text)}\n`);
    process.exit(1);
  });
}

/** A stack only for what may be a bug in this code. */
function reason(error: unknown): string {
  if (error instanceof StartupError) return error.message;
  if (classifyCause(error).kind !== 'unknown') return describeCause('Cannot start', error);
  return error instanceof Error ? (error.stack ?? error.message) : '';
}
