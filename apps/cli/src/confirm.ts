import { createInterface } from 'node:readline/promises';
import { StartupError } from '@app/kernel';

/**
 * Asks the operator before something that cannot be undone.
 *
 * @param option the option that answers yes, for scripts
 * @throws StartupError if the answer is no, or if there is no terminal to ask on
 */
export async function confirm(question: string, option: string): Promise<void> {
  if (!process.stdin.isTTY) throw new StartupError(`${question} Repeat the command with ${option}.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} Continue? [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new StartupError('Nothing was done.');
  } finally {
    terminal.close();
  }
}
