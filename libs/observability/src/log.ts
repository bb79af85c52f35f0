import type { LoggerService } from '@nestjs/common';
import { CodedError } from '@app/kernel';
import { tracing } from '@app/tracing';
import { type Logger, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import { BatchedOutput } from './batched-output.js';
import { redact } from './redact.js';
import { scrub } from './scrub.js';

/**
 * The logger of the process: one JSON object per line, with variable data in fields and a fixed message. Inject it with
 * `LOG`. Child loggers are not available, since their fields would not be redacted.
 */
export type Log = Omit<Logger, 'child'>;

export const LOG = Symbol('LOG');

export interface LogSettings {
  logLevel: string;
  production: boolean;
  /** Whether lines carry the id of the trace that they belong to; no. */
  traces?: boolean;
}

/** JSON, except in a terminal outside production, where the output is pretty-printed. `destination` is for tests. */
export function createLog(app: string, settings: LogSettings, destination?: { write(line: string): void }): Log {
  const options: LoggerOptions = {
    level: settings.logLevel,
    base: { app, pid: process.pid },
    formatters: { log: redact },
    serializers: { err: serializeError },
    hooks: { streamWrite: scrub },
    ...(settings.traces === true && { mixin: traceFields }),
  };
  if (destination !== undefined) return pino(options, destination);
  if (process.stdout.isTTY && !settings.production) return pino(options, pretty({ ignore: 'pid,app', sync: true }));
  return pino(options, new BatchedOutput(pino.destination({ dest: 1, sync: true })));
}

function traceFields(): object {
  const id = tracing()?.traceId();
  return id === undefined ? {} : { trace_id: id };
}

/** Includes the code of our own errors; of an underlying foreign error only type, code and message. */
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

/** Routes Nest's own log messages to the process's logger. */
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
