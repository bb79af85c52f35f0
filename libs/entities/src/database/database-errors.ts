import { CodedError, StoreUnavailableError } from '@app/kernel';

/** A row stands in the way of a unique index. `constraint` is its name in the schema. */
export class UniqueViolationError extends CodedError {
  readonly code = 'unique-violation';

  constructor(
    readonly constraint: string,
    options?: { cause?: unknown },
  ) {
    super('A unique constraint was violated', options);
  }
}

/**
 * SQLSTATE classes that speak of the server's condition, not of our statement: connection (08), transaction rollback by
 * deadlock (40), resources (53), operator intervention and statement timeout (57), object not in state (55), system (58).
 */
const UNAVAILABLE_CLASSES = new Set(['08', '40', '53', '55', '57', '58']);

/**
 * "cannot execute … in a read-only transaction": this connection leads to a standby, as after a failover. It would go on
 * refusing for as long as it is used, while a new one finds the primary.
 */
const READ_ONLY = '25006';

/** Sorts what `pg` throws, once: everything that is not an answer of the server means that it is away. */
export function classifyDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { severity, code, constraint } = error as Error & { severity?: string; code?: string; constraint?: string };
  // FATAL is the last that a server says on a connection.
  if (severity === undefined || severity === 'FATAL' || code === READ_ONLY) {
    return new ConnectionLostError('database', { cause: error });
  }
  if (code === '23505') return new UniqueViolationError(constraint ?? 'unknown', { cause: error });
  if (code !== undefined && UNAVAILABLE_CLASSES.has(code.slice(0, 2))) {
    return new StoreUnavailableError('database', { cause: error });
  }
  return error;
}

/** No answer came, or none that helps: the connection must not be used again. */
export class ConnectionLostError extends StoreUnavailableError {}
