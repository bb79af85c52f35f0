export interface PostgresOptions {
  /** Made when missing. The file with the password is its neighbour. */
  dataDir: string;
  port: number;
  settings?: Record<string, string | number>;
  /** Created when missing; `url` then leads to it. */
  database?: string;
  logFile?: string;
  /** initdb without fsync: for data that need not survive a power failure. */
  noSync?: boolean;
  /** How long the server goes on when this process dies without stopping it. */
  graceSeconds?: number;
}

export interface RunningPostgres {
  readonly url: string;
  /** As the superuser, to the database `postgres`. */
  readonly superuserUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Where the data is in the end; not where it was asked for when the server's user cannot get there. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Settles, with the reason, when the server has ended. */
  readonly exited: Promise<string>;
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** kill -9 of the server; resolves when its children are gone too. A new start on the data directory works then. */
  crash(): Promise<void>;
}

export function startPostgres(options: PostgresOptions): Promise<RunningPostgres>;
export function stopOrphan(dataDir: string): Promise<void>;
export function modeOfParent(): number;
