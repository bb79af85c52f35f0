// Measures a figure: its contestants take turns, round by round.
import { step } from '../steps.mjs';
import { measured } from './lab/cpu.mjs';
import { readGenerator } from './load/reads.mjs';
import { readable } from './numbers.mjs';
import { resultOf } from './results.mjs';

export async function measure(figure, { lab, quick, rounds }) {
  console.log(`\n${figure.name}: ${figure.title}`);
  const contestants = await step('prepare', () => figure.prepare({ lab, quick }));
  const count = rounds ?? (quick ? figure.rounds.quick : figure.rounds.full);
  const runs = contestants.map(() => []);
  // What runs only once cannot warm up, and is about a process that has just started.
  if (figure.rounds.full > 1) await step('warm up', () => eachOf(contestants, run));
  for (let round = 1; round <= count; round++) {
    await eachOf(contestants, async (contestant, i) => runs[i].push(await run(contestant)));
    const values = contestants.map(({ name, unit }, i) => `${name} ${readable(runs[i].at(-1).value)}${unit}`);
    console.log(`  ${round}/${count}  ${values.join(' · ')}`);
  }
  return resultOf(figure, contestants, runs, { quick, generator: readGenerator() });
}

async function eachOf(contestants, work) {
  for (const [i, contestant] of contestants.entries()) await work(contestant, i);
}

function run(contestant) {
  return contestant.run((work) => measured(contestant.servers, work));
}
