// From measured rounds to results, and their file.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform } from 'node:os';
import { dirname } from 'node:path';
import { median } from './numbers.mjs';

/** Of this machine before the benchmark: what else is running on it. */
const LOAD_AT_START = loadavg()[0];

/** The median of the ratios round by round: what slows the machine for a while slows both sides of a round. */
export function ratio(values, others) {
  return median(values.map((value, round) => value / others[round]));
}

export function meets({ least, most }, value) {
  return least === undefined ? value <= most : value >= least;
}

/** `measurements`: the returned values of the runs by contestant. */
export function resultOf(figure, contestants, measurements, { quick, generator }) {
  const values = Object.fromEntries(measurements.map((runs, i) => [contestants[i].name, runs.map((run) => run.value)]));
  return {
    name: figure.name,
    title: figure.title,
    at: new Date().toISOString(),
    quick,
    generator,
    machine: `${cpus().length} × ${cpus()[0].model}, ${platform()} ${arch()}, Node ${process.versions.node}`,
    loadAverage: LOAD_AT_START,
    rows: figure.rows.map(({ label, unit, goal = null, of }) => {
      const value = of(values);
      return { label, unit, value, goal, met: goal && meets(goal, value) };
    }),
    contestants: contestants.map(({ name, unit }, i) => ({
      name,
      unit,
      median: median(values[name]),
      values: values[name],
      cpuMs: cpuMsPerOperation(measurements[i]),
      note: measurements[i].at(-1).note,
    })),
  };
}

/** CPU milliseconds of each process for one operation: a request, a session, a start. */
function cpuMsPerOperation(runs) {
  const names = Object.keys(runs[0].cpu);
  return Object.fromEntries(
    names.map((name) => [name, median(runs.map((run) => (run.cpu[name] * 1000) / run.operations))]),
  );
}

export function readResults(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { figures: [] };
}

/** Replaces the figures that were measured and keeps the others; `order` is that of all figures. */
export function writeResults(file, results, order) {
  const fresh = new Map([...readResults(file).figures, ...results].map((result) => [result.name, result]));
  const figures = order.flatMap((name) => fresh.get(name) ?? []);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ figures }, rounded, 2)}\n`);
}

/** Enough digits for every use, and a diff that can be read. */
function rounded(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}
