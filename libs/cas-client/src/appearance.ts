import { statSync } from 'node:fs';

/** Identifies the state of a file. Differs after a write, a rename, or a change of a symbolic link. */
export function appearance(path: string | undefined): string {
  try {
    if (path === undefined) return '-';
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join('.');
  } catch {
    return '-';
  }
}
