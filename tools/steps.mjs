// Progress lines, one per step with its duration. The same on a terminal and in a CI log: a line is printed when its step
// has ended, and `slow` steps are announced as well.
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function secondsSince(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

export async function step(name, work, { slow = false } = {}) {
  const start = performance.now();
  if (slow) process.stdout.write(`  … ${name}\n`);
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

/** An error whose message tells the user everything; it is printed without a stack. */
export class ToolError extends Error {}

export function reportAndExit(error) {
  const text = error instanceof ToolError ? error.message : (error?.stack ?? String(error));
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}

/** Whether the module is the program that Node was started with, rather than imported. */
export function isEntry(moduleUrl) {
  const asked = process.argv[1];
  return asked !== undefined && existsSync(asked) && realpathSync(asked) === fileURLToPath(moduleUrl);
}
