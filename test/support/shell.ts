import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';

/** Runs a command line as a reader of the documentation would, with these variables set, and returns its output. */
export async function runInShell(command: string, variables: Record<string, string>): Promise<string> {
  const env = { PATH: process.env.PATH, ...variables };
  const { stdout } = await promisify(execFile)('sh', ['-euc', command], { env });
  return stdout;
}

/** `describe`, but skipped with a notice if curl is not installed; in CI that is an error. */
export function describeWithCurl() {
  if (spawnSync('curl', ['--version']).status === 0) return describe;
  const text = 'curl is not installed: the tests of documented curl lines are SKIPPED (apt-get install curl)';
  if (process.env.CI === 'true') throw new Error(text);
  process.stderr.write(`\n${'!'.repeat(text.length)}\n${text}\n${'!'.repeat(text.length)}\n\n`);
  return describe.skip;
}
