export interface LockFile {
  lockfileVersion: number;
  packages: Record<string, Record<string, unknown>>;
}
export function lockFileFaults(lock: LockFile): string[];
export function scriptFaults(lock: LockFile, allowScripts: Record<string, boolean>): string[];
