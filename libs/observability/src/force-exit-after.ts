import type { Log } from './log.js';

/**
 * Exits the process `ms` milliseconds after SIGTERM or SIGINT at the latest. Every step of a shutdown has its own
 * timeout; this is the backstop if one of them fails.
 */
export function forceExitAfter(ms: number, log: Log): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => {
        log.error(`shutdown not complete after ${String(ms)} ms; exiting with code 1`);
        process.exit(1);
      }, ms).unref();
    });
  }
}
