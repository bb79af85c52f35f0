export * from './durations.js';
export * from './errors.js';
export * from './failpoint.js';
export * from './failures.js';
export * from './ids.js';
export * from './products.js';
export * from './session-events.js';
export * from './states.js';
