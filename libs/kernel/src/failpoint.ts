/** Points at which a process can be made to crash, so that crash tests hit the worst moments. */
export type Failpoint = 'after-cas' | 'after-publish' | 'before-enqueue';

/** Kills this process with SIGKILL if `active` (from `FAILPOINT`, rejected in production) is this point. */
export function failpoint(active: string | undefined, here: Failpoint): void {
  if (active === here) process.kill(process.pid, 'SIGKILL');
}
