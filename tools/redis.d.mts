export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGTERM: saves if configured to, then exits. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

/** The path of redis-server, or undefined if it is not installed. */
export function redisServerPath(): string | undefined;

/** Without `port` on a free one. `dir` must exist; `args` are appended to the command line and take precedence. */
export function startRedis(options: {
  port?: number;
  dir: string;
  args?: string[];
  /** Without one, no authentication. */
  password?: string;
}): Promise<RunningRedis>;

/** A sentinel that watches the primary `master` on `primaryPort`, and calls it down after a second. */
export function startSentinel(options: {
  dir: string;
  master: string;
  primaryPort: number;
  password?: string;
  /** More lines for its configuration file. */
  lines?: string[];
}): Promise<RunningRedis>;
