import type { Environment } from './read-settings.js';

/** The environment of this process. Nothing outside this library reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
