import { StartupError } from '@app/kernel';
import { jest } from '@jest/globals';
import { createProgram } from '../../apps/cli/src/program.js';

export interface CommandResult {
  code: number;
  /** Everything that was written, to both streams. */
  text: string;
  lines: string[];
}

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${String(code)}`);
  }
}

/**
 * Runs an operator command in this process, with this environment and no other. One at a time: it borrows the
 * environment and the output of the process. `cli-smoke.spec.ts` runs each command as a process.
 */
export async function runCommand(args: readonly string[], env: Record<string, string>): Promise<CommandResult> {
  const chunks: string[] = [];
  const { env: inherited, exitCode } = process;
  const streams = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      chunks.push(String(chunk));
      return true;
    }),
  );
  process.env = { NODE_ENV: 'test', ...env };
  process.exitCode = undefined;
  let code: number;
  try {
    const exit = (status: number): never => {
      throw new Exit(status);
    };
    await createProgram(exit).parseAsync(args, { from: 'user' });
    const status: unknown = process.exitCode;
    code = typeof status === 'number' ? status : 0;
  } catch (error) {
    if (!(error instanceof Exit) && !(error instanceof StartupError)) throw error;
    code = error instanceof Exit ? error.code : 1;
    if (error instanceof StartupError) chunks.push(`${error.message}\n`);
  } finally {
    process.env = inherited;
    process.exitCode = exitCode;
    for (const stream of streams) stream.mockRestore();
  }
  const text = chunks.join('').trimEnd();
  return { code, text, lines: text.split('\n') };
}
