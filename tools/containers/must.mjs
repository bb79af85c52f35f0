import { ToolError } from '../steps.mjs';

const SHOWN_LINES = 20;

/** The standard output of a program. @throws ToolError with the end of its output if it failed */
export async function must(result) {
  const { code, stdout, output } = await result;
  if (code !== 0) throw new ToolError(output.trim().split('\n').slice(-SHOWN_LINES).join('\n') || `exit code ${code}`);
  return stdout.trim();
}
