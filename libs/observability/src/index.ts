export { forceExitAfter } from './force-exit-after.js';
export { type Check, Health } from './health.js';
export { untilListening } from './listen.js';
export { createLog, LOG, type Log, type LogSettings, NestLog } from './log.js';
export { Counter, Gauge, Histogram, Metrics } from './metrics.js';
export { ObservabilityModule } from './observability.module.js';
export { healthBody } from './ops-server.js';
export { runMain } from './run-main.js';
export { scrub } from './scrub.js';
