/** Points at which a process can be told to die, so that crash tests hit the worst moment and not just any. */
export type Failpoint = 'after-cas' | 'after-publish' | 'before-enqueue';

/** Dies as by `kill -9` if `active` (from `FAILPOINT`, refused in production) names this point. */
export function failpoint(active: string | undefined, here: Failpoint): void {
  if (active === here) process.kill(process.pid, 'SIGKILL');
}
