// All figures, in the order in which they are measured and shown.
import creates from './creates.mjs';
import growth from './growth.mjs';
import joiners from './joiners.mjs';
import kickOff from './kick-off.mjs';
import kickOffPool from './kick-off-pool.mjs';
import maintenance from './maintenance.mjs';
import memory from './memory.mjs';
import published from './published.mjs';
import reads from './reads.mjs';
import ready from './ready.mjs';
import scatteredReads from './scattered-reads.mjs';
import start from './start.mjs';

/**
 * A figure has
 * - `name`, for --only, and `title`
 * - `rounds`: how many by default, in a full and in a quick run; `onlyIfNamed`: not part of the default run
 * - `prepare({ lab, quick })`: its contestants, which take turns. Each has `name`, `unit`, `servers` whose CPU time is
 *   measured, and `run(measured)`, which does its work within `measured` and returns `{ value, operations, cpu, note? }`
 * - `rows` of the table: `label`, `unit`, `of(values)` by name of contestant, and a `goal`: `{ least }` or `{ most }`
 */
export const FIGURES = [
  reads,
  scatteredReads,
  creates,
  published,
  kickOff,
  kickOffPool,
  ready,
  joiners,
  start,
  memory,
  growth,
  maintenance,
];
