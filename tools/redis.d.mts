export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGTERM: saves when told to, then exits. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

/** Where redis-server is, or undefined when it is not installed. */
export function redisServerPath(): string | undefined;

/** Without a port a free one is taken. `dir` must exist; `args` are added to the command line and win. */
export function startRedis(options: {
  port?: number;
  dir: string;
  args?: string[];
  /** Without one anybody may come in. */
  password?: string;
}): Promise<RunningRedis>;
