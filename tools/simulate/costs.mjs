// What one operation costs, from bench/results.json, so that the model follows when the benchmark is run again.
import { readFileSync } from 'node:fs';
import { ToolError } from '../steps.mjs';

/** Products of the sessions of the benchmark's kick-off, whose costs are used. */
export const MEASURED_PRODUCTS = 2;

const KICK_OFF = { redis: 'product', postgres: 'product, queue in Postgres' };

/** Reads the file of results once; `costs(queue)` and `point(...)` read from it. */
export function measurements(file) {
  const { figures } = JSON.parse(readFileSync(file, 'utf8'));
  const contestant = (figure, name) => {
    const found = figures.find((one) => one.name === figure)?.contestants.find((one) => one.name === name);
    if (found === undefined) throw new ToolError(`${file} has no "${figure}: ${name}": npm run bench`);
    return found;
  };
  return {
    contestant,
    /**
     * CPU in ms of a room (from open to reply with tokens), one from the warm pool, a joiner, a read, and MiB of an SSE
     * connection. `run`: the figure whose peer tells how much of the cores could be used.
     */
    costs(queue, run = 'kick-off') {
      return {
        room: contestant('kick-off', KICK_OFF[queue]).cpuMs,
        pooled: contestant('kick-off-pool', 'product, pool').cpuMs,
        joiner: contestant('joiners', 'product').cpuMs,
        read: contestant('reads', 'product').cpuMs,
        sseMib: (contestant('memory', 'with SSE connections').median - contestant('memory', 'all reads').median) / 5000,
        usable: usableShare(contestant(run, 'Express'), 2),
      };
    },
  };
}

/**
 * The share of the cores that a peer got in the same rounds, whose every request waits for nothing but CPU and CAS. The
 * rest goes to the kernel, to neighbours of the machine, and to phases in which one core waits for the other.
 */
export function usableShare({ median, cpuMs }, cores) {
  const total = Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0);
  return Math.min(1, (median * total) / 1000 / cores);
}
