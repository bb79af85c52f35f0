import type { SpawnOptions } from 'node:child_process';

export interface LaunchOptions extends SpawnOptions {
  logFile: string;
  append?: boolean;
  /** How the child ends should this process be killed. */
  guard: { signalName: NodeJS.Signals; directory: string };
}

export interface Launched {
  pid: number | undefined;
  exited: Promise<string>;
  isRunning(): boolean;
  end(signalName: NodeJS.Signals, timeoutMs: number): Promise<boolean>;
}

export function launch(command: string, args: readonly string[], options: LaunchOptions): Launched;
export function lastLines(file: string, count?: number): string;
