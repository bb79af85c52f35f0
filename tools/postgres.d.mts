export interface PostgresOptions {
  /** Created if missing. The file with the password is beside it. */
  dataDir: string;
  port: number;
  settings?: Record<string, string | number>;
  /** Created if missing; `url` then names it. */
  database?: string;
  logFile?: string;
  /** initdb without fsync: for data that need not survive a power failure. */
  noSync?: boolean;
  /** How long the server runs on when this process is killed without stopping it. */
  graceSeconds?: number;
}

export interface RunningPostgres {
  readonly url: string;
  /** The database `postgres`, as the superuser. */
  readonly superuserUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Not as asked for if the server's user cannot get there. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Resolves with the reason when the server has ended. */
  readonly exited: Promise<string>;
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** kill -9 of the server; resolves when its children have ended too, so that the data directory can be used again. */
  crash(): Promise<void>;
}

export function startPostgres(options: PostgresOptions): Promise<RunningPostgres>;
export function stopOrphan(dataDir: string): Promise<void>;
export function modeOfParent(): number;
