import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../errors.js';
import { classifyCause, describeCause } from './classify-cause.js';

function foreign(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('classifyCause', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED', 'refused'],
    ['getaddrinfo ENOTFOUND db', 'ENOTFOUND', 'unknown-host'],
    ['timeout expired', undefined, 'timeout'],
    ['timeout exceeded when trying to connect', undefined, 'pool-exhausted'],
    ['Connection terminated unexpectedly', undefined, 'reset'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['Hostname does not match', 'ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['The server does not support SSL connections', undefined, 'tls'],
    ['password authentication failed for user "hush"', '28P01', 'password'],
    ['database "hush" does not exist', '3D000', 'unknown-database'],
    ['permission denied for table sessions', '42501', 'missing-right'],
    ['cannot execute INSERT in a read-only transaction', '25006', 'read-only'],
    ['relation "sessions" does not exist', '42P01', 'not-migrated'],
    ['terminating connection due to administrator command', '57P01', 'starting-or-stopping'],
    ['sorry, too many clients already', '53300', 'too-many-connections'],
    ['unsupported startup parameter: statement_timeout', '08P01', 'pooler'],
    ['WRONGPASS invalid username-password pair or user is disabled.', undefined, 'password'],
    ['NOAUTH Authentication required.', undefined, 'password'],
    ["NOPERM User x has no permissions to run the 'evalsha' command", undefined, 'missing-right'],
    ["ERR The user executing the script can't run this command or subcommand script: 45", undefined, 'missing-right'],
    ['Ready check failed: NOAUTH Authentication required.', undefined, 'password'],
    ["READONLY You can't write against a read only replica.", undefined, 'read-only'],
    ['UNBLOCKED force unblock from blocking operation', undefined, 'read-only'],
    ['LOADING Redis is loading the dataset in memory', undefined, 'starting-or-stopping'],
    ['MOVED 1234 127.0.0.1:7001', undefined, 'cluster'],
    ['All sentinels are unreachable. Retrying from scratch after 10ms.', undefined, 'no-primary'],
    ['whatever', undefined, 'unknown'],
  ])('calls %s (%s) %s', (message, code, kind) => {
    expect(classifyCause(foreign(message, code)).kind).toBe(kind);
  });

  it('opens what errors are wrapped in', () => {
    const refused = foreign('connect ECONNREFUSED ::1:5432', 'ECONNREFUSED');
    const aggregate = new AggregateError([foreign('connect ECONNREFUSED', 'ECONNREFUSED'), refused], '');
    expect(classifyCause(new StoreUnavailableError('database', { cause: aggregate }))).toMatchObject({
      kind: 'refused',
      code: 'ECONNREFUSED',
    });
  });

  it('ends for errors that are their own cause, and for what is no error', () => {
    const circular: Error & { cause?: unknown } = new Error('x');
    circular.cause = circular;
    for (const odd of [circular, undefined, null, 'text', 1]) expect(classifyCause(odd).kind).toBe('unknown');
  });
});

describe('describeCause', () => {
  it('names part, place, cause and what to do, and repeats no message', () => {
    const error = foreign('password authentication failed for user "hush"', '28P01');
    expect(describeCause('PostgreSQL at db:5432', error)).toBe(
      'PostgreSQL at db:5432: user or password refused (28P01); check user and password in DATABASE_URL',
    );
    expect(describeCause('Redis at r:6379', foreign('hush'))).toBe('Redis at r:6379: unexpected error; check its log');
  });

  it('names the table on which a right is missing', () => {
    const error = foreign('permission denied for table audit_entries', '42501');
    expect(describeCause('PostgreSQL at db:5432', error)).toContain('lacks a right on table audit_entries (42501)');
  });
});
