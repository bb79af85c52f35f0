export { RedisConnections } from './redis/redis-connections.js';
export type { RedisClient } from './redis/redis-client.js';
export { redisPlace, type RedisSettings, usesRedis } from './redis/redis-settings.js';
export { inspectRedis, type RedisFacts } from './redis/redis-facts.js';
export { type RedisFault, redisFaults } from './redis/redis-faults.js';
