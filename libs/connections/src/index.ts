export { ConnectionsModule, Postgres } from './connections.module.js';
export { PostgresAccess, type PostgresAccessSettings, type PostgresPoolOptions } from './postgres/postgres-access.js';
export { PostgresClient } from './postgres/postgres-client.js';
export { statementName } from './postgres/statement-name.js';
export { RedisConnections } from './redis/redis-connections.js';
export type { RedisClient } from './redis/redis-client.js';
export { redisPlace, type RedisSettings, usesRedis } from './redis/redis-settings.js';
export { inspectRedis, type RedisFacts } from './redis/redis-facts.js';
export { type RedisFault, redisFaults } from './redis/redis-faults.js';
