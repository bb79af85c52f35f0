import type { Environment } from './read-settings.js';

/** The environment of this process. No code outside this library reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
