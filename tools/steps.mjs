// One progress line a step, with the seconds it took. Works on a terminal and in a CI log alike: a line is only
// printed when the step has ended, except for steps that announce themselves because they take long.
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function secondsSince(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

export function announce(text) {
  process.stdout.write(`  … ${text}\n`);
}

export async function step(name, work, { slow = false } = {}) {
  const start = performance.now();
  if (slow) announce(name);
  try {
    const result = await work();
    process.stdout.write(`  ✓ ${name.padEnd(44)} ${secondsSince(start)}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`  ✗ ${name.padEnd(44)} ${secondsSince(start)}\n`);
    throw error;
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** An error whose text is all a person needs; it is printed without a stack. */
export class Problem extends Error {}

export function reportAndExit(error) {
  const text = error instanceof Problem ? error.message : (error?.stack ?? String(error));
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}

/** True when the module is what Node was asked to run, false when something imports it. */
export function isEntry(moduleUrl) {
  const asked = process.argv[1];
  return asked !== undefined && existsSync(asked) && realpathSync(asked) === fileURLToPath(moduleUrl);
}
