import type { Log } from './log.js';

/**
 * From SIGTERM (or Ctrl-C) on the process has this long, in ms. Everything that is waited for at a shutdown has an end of
 * its own; if one of these ends is missed, nobody has to come and kill the process.
 */
export function forceExitAfter(ms: number, log: Log): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => {
        log.error('the shutdown takes too long: ended without waiting any longer');
        process.exit(1);
      }, ms).unref();
    });
  }
}
