// The table of a run, for the terminal and for the documents.
import { readable } from '../numbers.mjs';

export function goalOf({ goal, unit }) {
  if (goal === null) return '';
  return goal.least === undefined ? `≤ ${readable(goal.most)}${unit}` : `≥ ${readable(goal.least)}${unit}`;
}

export function valueOf({ value, unit }) {
  return `${readable(value)}${unit}`;
}

function mark({ met }) {
  return met === null ? '' : met ? '✓' : '✗';
}

export function forTerminal(results) {
  const rows = results.flatMap((result) => result.rows);
  const cells = rows.map((row) => [row.label, valueOf(row), goalOf(row), mark(row)]);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column])).join('  ')}`).join('\n');
}

export function asMarkdown(results) {
  const rows = results
    .flatMap((result) => result.rows)
    .map((row) => `| ${row.label} | ${valueOf(row)} | ${goalOf(row)} | ${mark(row)} |`);
  return ['| figure | measured | goal | |', '|---|---|---|---|', ...rows].join('\n');
}

/** Where the time goes: CPU of each process for one operation. */
export function cpuAsMarkdown(results) {
  const contestants = results.flatMap((result) => result.contestants.map((one) => ({ ...one, figure: result.name })));
  const columns = [...new Set(contestants.flatMap(({ cpuMs }) => Object.keys(cpuMs)))];
  const cell = (ms) => (ms === undefined ? '' : ms.toFixed(ms < 0.1 ? 3 : 2));
  const rows = contestants
    .filter(({ cpuMs }) => Object.keys(cpuMs).length > 1)
    .map(
      ({ figure, name, median, unit, cpuMs, note }) =>
        `| ${figure}: ${name}${note === undefined ? '' : ` (${note})`} | ${readable(median)}${unit} | ` +
        `${columns.map((column) => cell(cpuMs[column])).join(' | ')} |`,
    );
  const head = `| | measured | ${columns.join(' | ')} |`;
  return [head, `|---|---|${columns.map(() => '---|').join('')}`, ...rows].join('\n');
}
