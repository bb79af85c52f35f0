import type { LoggerService } from '@nestjs/common';
import { CodedError } from '@app/kernel';
import { type Logger, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import { redact } from './redact.js';
import { scrub } from './scrub.js';

/**
 * The process's logger: JSON lines, one object a line; fields first, then fixed text. Inject it by `LOG`. It has no
 * children: their fields would not be redacted.
 */
export type Log = Omit<Logger, 'child'>;

export const LOG = Symbol('LOG');

export interface LogSettings {
  logLevel: string;
  production: boolean;
}

/** JSON everywhere, but in a terminal, where people read. `destination` is for tests. */
export function createLog(app: string, settings: LogSettings, destination?: { write(line: string): void }): Log {
  const options: LoggerOptions = {
    level: settings.logLevel,
    base: { app, pid: process.pid },
    formatters: { log: redact },
    serializers: { err: serializeError },
    hooks: { streamWrite: scrub },
  };
  if (destination !== undefined) return pino(options, destination);
  if (process.stdout.isTTY && !settings.production) return pino(options, pretty({ ignore: 'pid,app', sync: true }));
  return pino(options);
}

/** Our own errors with their code; of a foreign error behind them its kind and code, which are enough to find it. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    message: error.message.slice(0, 500),
    stack: error.stack?.slice(0, 4000),
    ...(error.cause !== undefined && { cause: serializeCause(error.cause) }),
  };
}

function serializeCause(cause: unknown): unknown {
  if (cause instanceof CodedError) return serializeError(cause);
  if (!(cause instanceof Error)) return { type: typeof cause };
  const { code } = cause as { code?: unknown };
  return { type: cause.name, ...(typeof code === 'string' && { code }), message: cause.message.slice(0, 200) };
}

/** Takes what Nest itself has to say. */
export class NestLog implements LoggerService {
  constructor(private readonly pinoLog: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.pinoLog.debug({ context: rest.at(-1) }, String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.pinoLog.warn({ context: rest.at(-1) }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const err = message instanceof Error ? message : rest.find((part) => part instanceof Error);
    this.pinoLog.error({ context: rest.at(-1), err }, message instanceof Error ? message.message : String(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.pinoLog.fatal({ context: rest.at(-1) }, String(message));
  }
}
