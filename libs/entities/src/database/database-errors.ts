import { CodedError, StoreUnavailableError } from '@app/kernel';

/** A unique index was violated. `constraint` is its name in the schema. */
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
 * SQLSTATE classes caused by the state of the server rather than by the statement: connection (08), transaction
 * rollback and deadlock (40), resources (53), object not in prerequisite state (55), operator intervention and
 * statement timeout (57), system (58).
 */
const UNAVAILABLE_CLASSES = new Set(['08', '40', '53', '55', '57', '58']);

/**
 * "cannot execute … in a read-only transaction": the connection leads to a standby, as after a failover. It would keep
 * failing for as long as it is reused, while a new connection reaches the primary.
 */
const READ_ONLY = '25006';

/** A prepared statement is gone (26000) or its result would have other columns (0A000): both after a migration. */
const STALE_STATEMENT = ['26000', '0A000'];

const MISSING_RIGHT = '42501';

/** Classifies an error thrown by `pg`. Anything that is not a response from the server means that it is unavailable. */
export function classifyDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { severity, code, constraint } = error as Error & { severity?: string; code?: string; constraint?: string };
  // FATAL is the last message the server sends on a connection.
  if (severity === undefined || severity === 'FATAL' || code === READ_ONLY || STALE_STATEMENT.includes(code ?? '')) {
    return new ConnectionLostError('database', { cause: error });
  }
  if (code === '23505') return new UniqueViolationError(constraint ?? 'unknown', { cause: error });
  // The operator's to grant, so no bug: the same statement succeeds once the role has the right.
  if (code === MISSING_RIGHT) return new StoreUnavailableError('database', { cause: error });
  if (code !== undefined && UNAVAILABLE_CLASSES.has(code.slice(0, 2))) {
    return new StoreUnavailableError('database', { cause: error });
  }
  return error;
}

/** The connection was lost or leads to a read-only server: it must not be reused. */
export class ConnectionLostError extends StoreUnavailableError {}

/** Whether an error, or its cause, says that the connection leads to a read-only server. */
export function isReadOnlyServer(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code === READ_ONLY || cause?.code === READ_ONLY;
}

/** A deadlock (40P01) or a serialization failure (40001): nothing was changed, and the same work may be repeated. */
export function isRetryable(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  const { code } = (cause ?? error) as { code?: unknown };
  return code === '40P01' || code === '40001';
}
