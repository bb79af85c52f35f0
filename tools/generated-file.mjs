// Files that the product generates and that are kept in the repository: written, or compared.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_NODE, ROOT } from './paths.mjs';
import { ToolError } from './steps.mjs';

/** What a built program prints. It gets no variable of the user's, whose configuration must not show in it. */
export function outputOf(entry, args = []) {
  const { PATH, HOME } = process.env;
  const result = spawnSync(PROJECT_NODE, [entry, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH, HOME },
  });
  if (result.status === 0) return result.stdout;
  throw new ToolError(`${entry} ${args.join(' ')} failed:\n${result.stderr || result.stdout || result.error}`);
}

/** `mode` is --write or --check. */
export function writeOrCheck(mode, name, content, command) {
  const file = join(ROOT, name);
  if (mode === '--write') {
    writeFileSync(file, content);
    console.log(`wrote ${name}`);
    return;
  }
  if (mode !== '--check') throw new ToolError('Usage: --write or --check');
  const kept = readIfThere(file);
  if (kept === content) return;
  throw new ToolError(`${name} is out of date${firstDifference(kept, content)}\nTo update it: ${command}`);
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function firstDifference(kept, content) {
  const keptLines = kept.split('\n');
  const lines = content.split('\n');
  const at = lines.findIndex((line, index) => line !== keptLines[index]);
  if (at < 0) return `: it has ${keptLines.length - lines.length} extra lines at its end`;
  return `, first in line ${at + 1}:\n  file:      ${keptLines[at] ?? '(end of file)'}\n  generated: ${lines[at]}`;
}
