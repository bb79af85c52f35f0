import { readFileSync } from 'node:fs';

/** How many files and sockets this process may have open (Linux); null if that cannot be told. */
export function maxOpenFiles(): number | null {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (limit === undefined) return null;
    return limit === 'unlimited' ? Infinity : Number(limit);
  } catch {
    return null;
  }
}
