// The log of a part is a file that it writes itself; what a person should see of it is read from there. A pipe through
// the launcher would break the parts' last words when the launcher dies.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const POLL_MS = 200;
const WARN = 40;
const LEVELS = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const WIDEST = 240;

function parse(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readable(entry) {
  const { err } = entry;
  const reason = err ? `: ${[err.type, err.code, err.message].filter(Boolean).join(' ')}` : '';
  return `${LEVELS[entry.level] ?? entry.level} ${entry.msg ?? ''}${reason}`;
}

/** As one short line, or undefined when it is not for the terminal. */
export function forTerminal(name, line, { everything }) {
  if (line.trim() === '') return undefined;
  const entry = parse(line);
  if (!everything && !(entry?.level >= WARN)) return undefined;
  const text = entry ? readable(entry) : line;
  return `[${name}] ${text.replaceAll(/\s*\n\s*/g, ' ').slice(0, WIDEST)}`;
}

export function lastLines(name, file, count = 20) {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);
    return lines
      .map((line) => forTerminal(name, line, { everything: true }))
      .filter(Boolean)
      .join('\n');
  } catch {
    return '';
  }
}

/** Prints what is added to the file from now on. Returns the function that ends it, after a last look. */
export function follow(name, file, options) {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  let position = 0;
  let rest = '';
  const look = () => {
    for (let size = 1; size > 0;) {
      size = readSync(fd, buffer, 0, buffer.length, position);
      position += size;
      rest += buffer.toString('utf8', 0, size);
    }
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const text = forTerminal(name, line, options);
      if (text) process.stdout.write(`${text}\n`);
    }
  };
  const timer = setInterval(look, POLL_MS);
  return () => {
    clearInterval(timer);
    look();
    closeSync(fd);
  };
}
