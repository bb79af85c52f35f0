export { ConnectionsModule, Postgres } from './connections.module.js';
export { PostgresAccess, type PostgresAccessSettings, type PostgresPoolOptions } from './postgres/postgres-access.js';
export { PostgresClient } from './postgres/postgres-client.js';
export { ReadOnlyServerError } from './postgres/read-only-server-error.js';
export { statementName } from './postgres/statement-name.js';
