// Files that the product itself writes and that are kept in the repository: written anew, or compared.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_NODE, ROOT } from './paths.mjs';
import { ToolError } from './steps.mjs';

/** What a built program prints. The user's configuration must not show in it: only what Node needs is passed on. */
export function outputOf(entry, args = []) {
  const { PATH, HOME } = process.env;
  const result = spawnSync(PROJECT_NODE, ['--enable-source-maps', entry, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH, HOME },
  });
  if (result.status === 0) return result.stdout;
  throw new ToolError(`${entry} ${args.join(' ')} failed:\n${result.stderr || result.stdout || result.error}`);
}

/** `mode` is --write or --check. */
export function writeOrCheck(mode, name, content, howToRenew) {
  const file = join(ROOT, name);
  if (mode === '--write') {
    writeFileSync(file, content);
    console.log(`wrote ${name}`);
    return;
  }
  if (mode !== '--check') throw new ToolError('say --write or --check');
  const kept = readIfThere(file);
  if (kept === content) return;
  throw new ToolError(`${name} is out of date${firstDifference(kept, content)}\nRenew it with  ${howToRenew}`);
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
  if (at < 0) return `: it has ${keptLines.length - lines.length} lines too many at its end`;
  return `, first in line ${at + 1}:\n  kept: ${keptLines[at] ?? '(end of file)'}\n  now:  ${lines[at]}`;
}
