// npm run bench: all figures in one run, side by side with their peers, on this machine. Starts everything on free ports
// with new data, and removes it at the end. A full run is kept in bench/results.json and shown in the documents.
//
//   --only a,b     these figures, which are then kept only with --json
//   --rounds N     instead of each figure's own number
//   --quick        small amounts and few rounds: to see that it works, not to compare. Kept only with --json
//   --json FILE    keeps the results in FILE; figures that were not measured stay as they are there
//   --logs DIR     keeps the logs of the servers, which costs a little
//   --profile DIR  keeps CPU profiles of the product's processes, which costs more
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FIGURES } from './bench/figures/index.mjs';
import { Lab } from './bench/lab/lab.mjs';
import { measure } from './bench/measure.mjs';
import { RESULTS, documents } from './bench/report/documents.mjs';
import { forTerminal } from './bench/report/table.mjs';
import { writeResults } from './bench/results.mjs';
import { writeOrCheck } from './generated-file.mjs';
import { ToolError, reportAndExit, secondsSince } from './steps.mjs';

const names = FIGURES.map(({ name }) => name);

function optionsOf(args) {
  const type = 'string';
  const { values } = parseArgs({
    args,
    options: {
      only: { type },
      rounds: { type },
      json: { type },
      logs: { type },
      profile: { type },
      quick: { type: 'boolean' },
    },
  });
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) throw new ToolError(`No such figure: ${unknown.join(', ')}. There are: ${names.join(', ')}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) throw new ToolError('--rounds N: from 1');
  const full = only === undefined && !values.quick;
  const file = values.json === undefined ? (full ? RESULTS : undefined) : resolve(values.json);
  return { ...values, only, rounds, quick: values.quick === true, file };
}

async function bench({ only, rounds, quick, file, logs, profile }) {
  const start = performance.now();
  const lab = new Lab({ logs, profiles: profile });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void lab.stop().then(() => process.exit(1)));
  const results = [];
  try {
    const chosen = FIGURES.filter((figure) => only?.includes(figure.name) ?? !figure.onlyIfNamed);
    for (const figure of chosen) results.push(await measure(figure, { lab, quick, rounds }));
  } finally {
    await lab.stop();
  }
  const warning = quick ? ' --quick: smaller amounts than the labels say, orders of magnitude only' : '';
  console.log(`\n${forTerminal(results)}\n\n  ${secondsSince(start)}${warning}`);
  if (file === undefined) return;
  writeResults(file, results, names);
  console.log(`  wrote ${file}`);
  if (file === RESULTS) for (const { name, content } of documents()) writeOrCheck('--write', name, content);
}

try {
  await bench(optionsOf(process.argv.slice(2)));
} catch (error) {
  reportAndExit(error);
}
