import type { CauseRule } from './cause.js';

/** SQLSTATEs and messages of PostgreSQL and PgBouncer. */
export const POSTGRES_CAUSES: readonly CauseRule[] = [
  {
    message: /unsupported startup parameter/,
    kind: 'pooler',
    what: 'the pooler refuses a startup parameter',
    advice: 'remove options from DATABASE_URL, or allow it by ignore_startup_parameters',
  },
  {
    message: /channel binding is required/,
    kind: 'tls',
    what: 'the server does not offer channel binding',
    advice: 'use TLS with SCRAM authentication, or remove channel_binding=require',
  },
  {
    message: /pg_hba\.conf.*no encryption|SSL off/,
    kind: 'password',
    what: 'the server accepts this user only over TLS',
    advice: 'add sslmode=verify-full (or require) to DATABASE_URL',
  },
  {
    message: /pg_hba\.conf/,
    kind: 'password',
    what: 'the server has no rule that admits this host, user and database',
    advice: 'check pg_hba.conf on the server',
  },
  {
    code: /^28/,
    kind: 'password',
    what: 'user or password refused',
    advice: 'check user and password in DATABASE_URL',
  },
  {
    message: /client password must be a (non-empty )?string|no password supplied/,
    kind: 'password',
    what: 'the server wants a password, and DATABASE_URL has none',
    advice: 'add the password to DATABASE_URL',
  },
  {
    code: /^08P01$/,
    message: /password authentication failed|no such user/,
    kind: 'password',
    what: 'user or password refused by the pooler',
    advice: 'check user and password in DATABASE_URL and in the pooler',
  },
  {
    code: /^(3D000|08P01)$/,
    message: /database/,
    kind: 'unknown-database',
    what: 'the database does not exist',
    advice: 'check the database name in DATABASE_URL',
  },
  {
    code: /^42501$/,
    message:
      /permission denied for (?<object>(table|schema|sequence|function|database|relation) [\w.]{1,63}( \([A-Z]+\))?)/,
    kind: 'missing-right',
    what: 'the database role lacks a right on {object}',
    advice: 'grant it to the role (docs/operations.md, "Postgres as others run it")',
  },
  {
    code: /^42501$/,
    kind: 'missing-right',
    what: 'the database role lacks a right',
    advice: 'grant it to the role (docs/operations.md, "Postgres as others run it")',
  },
  {
    code: /^(42P01|42703|42883|3F000)$/,
    kind: 'not-migrated',
    what: 'the schema is older than this release',
    advice: 'run npm run migrate',
  },
  {
    code: /^25006$/,
    kind: 'read-only',
    what: 'the server is read-only (a standby)',
    advice: 'connect to the primary',
  },
  {
    code: /^57P0[1-5]$/,
    kind: 'starting-or-stopping',
    what: 'the server is starting, stopping or has ended the connection',
    advice: 'wait until it is up',
  },
  {
    code: /^53300$/,
    kind: 'too-many-connections',
    what: 'the server has no connection left',
    advice: 'lower DATABASE_POOL, or raise max_connections',
  },
  {
    message: /no more connections allowed|too many (connections|clients)/,
    kind: 'too-many-connections',
    what: 'the server has no connection left',
    advice: 'lower DATABASE_POOL, or raise the limit of the server or pooler',
  },
  {
    code: /^(53100|53200|53400)$/,
    kind: 'full',
    what: 'the server is out of disk or memory',
    advice: 'free disk or memory on the server',
  },
  {
    code: /^57014$/,
    kind: 'timeout',
    what: 'statement cancelled after its timeout',
    advice: 'check for locks and slow statements',
  },
  {
    code: /^55P03$/,
    kind: 'timeout',
    what: 'lock not available in time',
    advice: 'check for long transactions',
  },
];

/** Error replies of Redis, by their first word, and errors of ioredis. */
export const REDIS_CAUSES: readonly CauseRule[] = [
  {
    message: /^(?:Ready check failed: )?(WRONGPASS|ERR invalid password|ERR AUTH |ERR Client sent AUTH|NOAUTH)/,
    kind: 'password',
    what: 'user or password refused',
    advice: 'check user and password in REDIS_URL',
  },
  {
    message: /^(?:ERR )?NOPERM .*(?:the '(?<command>[\w|-]{1,40})' command|access (?:one of )?the keys?|channel)/i,
    kind: 'missing-right',
    what: 'the Redis user lacks a right (ACL) {command}',
    advice: 'grant it to the user (docs/operations.md, "Redis as others run it")',
  },
  {
    message: /NOPERM|ACL failure in script|The user executing the script can't (?:run|access)/,
    kind: 'missing-right',
    what: 'the Redis user lacks a right (ACL)',
    advice: 'grant it to the user (docs/operations.md, "Redis as others run it")',
  },
  {
    message: /READONLY|^UNBLOCKED/,
    kind: 'read-only',
    what: 'the server is a read-only replica',
    advice: 'connect to the primary',
  },
  {
    message: /^(LOADING|BUSY|MASTERDOWN)/,
    kind: 'starting-or-stopping',
    what: 'the server is starting or busy',
    advice: 'wait until it is up',
  },
  {
    message: /^(-?OOM|.*OOM command not allowed)/,
    kind: 'full',
    what: 'its memory is full',
    advice: 'raise maxmemory',
  },
  {
    message: /MISCONF/,
    kind: 'full',
    what: 'it refuses writes, since it cannot save to disk',
    advice: 'free disk on the server',
  },
  {
    message: /^NOREPLICAS/,
    kind: 'read-only',
    what: 'it refuses writes, since too few replicas are connected',
    advice: 'check its replicas',
  },
  {
    message: /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)|cluster support|SELECT is not allowed in cluster/,
    kind: 'cluster',
    what: 'it is a Redis Cluster',
    advice: 'use one Redis (with replicas and Sentinel if needed), not a cluster',
  },
  {
    message: /max number of clients/,
    kind: 'too-many-connections',
    what: 'the server has no connection left',
    advice: 'raise maxclients',
  },
  {
    message: /All sentinels are unreachable/,
    kind: 'no-primary',
    what: 'no sentinel is reachable or knows a primary of that name',
    advice: 'check REDIS_SENTINELS, REDIS_SENTINEL_MASTER and the credentials for the sentinels',
  },
];
