// CPU time of processes, from /proc.
import { readFileSync, readdirSync } from 'node:fs';
import { processesIn } from '../../processes.mjs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100;

/**
 * CPU seconds, user and system, of a process and of its children that have ended; 0 if there is no such process. Of its
 * threads from `schedstat`, which counts in ns: many processes that each do a little would be lost in ticks of 10 ms.
 */
export function cpuOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [user, system, ...ofChildren] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map((ticks) => Number(ticks) / TICKS_PER_S);
    return (ofThreads(pid) ?? user + system) + ofChildren[0] + ofChildren[1];
  } catch {
    return 0;
  }
}

/** Undefined where the kernel does not count. */
function ofThreads(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const ns = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'latin1').split(' ')[0]));
    return ns.reduce((sum, each) => sum + each, 0) / 1e9;
  } catch {
    return undefined;
  }
}

/** Resident memory in MiB. */
export function residentMib(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}

/** CPU seconds so far by name of process. `servers` are `{ name, pid }`, or `{ name, directory }` for Postgres. */
function cpuNow(servers) {
  const seconds = { client: cpuOf('self') };
  for (const { name, pid, directory } of servers) {
    const pids = directory === undefined ? [pid] : processesIn(directory);
    seconds[name] = pids.reduce((sum, each) => sum + cpuOf(each), seconds[name] ?? 0);
  }
  return seconds;
}

/** Does `work`, and returns its result, the seconds it took and the CPU seconds of each process meanwhile. */
export async function measured(servers, work) {
  const before = cpuNow(servers);
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const after = cpuNow(servers);
  const spent = Object.keys(after).map((name) => [name, Math.max(0, after[name] - before[name])]);
  return { result, seconds, cpu: Object.fromEntries(spent) };
}
