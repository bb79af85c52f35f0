// Shows the logs of the parts on the terminal, read from their files: through a pipe, what they log would be lost when
// the launcher is killed.
import { closeSync, openSync, readSync } from 'node:fs';

const POLL_MS = 200;
const WARN = 40;
const LEVELS = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const MAX_WIDTH = 240;

function parse(line) {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

/** Fields that are the same in every line of a part, or of use only to a search in the file. */
const HIDDEN = new Set(['level', 'time', 'pid', 'app', 'msg', 'err', 'requestId']);

/** `info request method=GET route=/livez status=200`: the message, then its fields, last the error. */
function readable(entry) {
  const { level, msg, err } = entry;
  const fields = Object.entries(entry)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  const reason = err && `(${[err.type, err.code, err.message].filter(Boolean).join(' ')})`;
  return [LEVELS[level] ?? level, msg, ...fields, reason].filter(Boolean).join(' ');
}

/** One line for the terminal, or undefined: without `everything` only warnings and worse are shown. */
export function forTerminal(name, line, { everything }) {
  if (line.trim() === '') return undefined;
  const entry = parse(line);
  if (!everything && !(entry?.level >= WARN)) return undefined;
  const text = entry ? readable(entry) : line;
  return `[${name}] ${text.replaceAll(/\s*\n\s*/g, ' ').slice(0, MAX_WIDTH)}`;
}

export function readableLines(name, text) {
  const lines = text.split('\n').map((line) => forTerminal(name, line, { everything: true }));
  return lines.filter(Boolean).join('\n');
}

/** Prints what is appended to the file from now on. Returns the function that stops it after a last read. */
export function follow(name, file, options) {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  let position = 0;
  let rest = '';
  const read = () => {
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
  const timer = setInterval(read, POLL_MS);
  return () => {
    clearInterval(timer);
    read();
    closeSync(fd);
  };
}
