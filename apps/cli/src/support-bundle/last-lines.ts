import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Of each log file, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** A log file and its last lines. */
export interface LogTail {
  name: string;
  text: string;
}

/** The ends of the `.log` files of a directory, cut at a line. @throws if the directory cannot be read */
export async function lastLines(directory: string): Promise<LogTail[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.log')).toSorted();
  return Promise.all(names.map(async (name) => ({ name, text: await endOf(join(directory, name)) })));
}

async function endOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - MAX_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}
