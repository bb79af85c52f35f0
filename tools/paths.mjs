// Paths in this checkout. Imports no package: the bootstrap uses it before the install.
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const NODE_MODULES = join(ROOT, 'node_modules');
export const DIST = join(ROOT, 'dist');

/** The Node that the project runs on: from the devDependency `node`, not the machine's. */
export const PROJECT_NODE = join(NODE_MODULES, 'node', 'bin', 'node');

export const REQUIRED_NODE_MAJOR = 24;

/** A built program: `main` of each application, and the gateway's printer of its OpenAPI document. */
export function appEntry(app, entry = 'main', buildDir = DIST) {
  return join(buildDir, 'apps', app, `${entry}.js`);
}

export function localBin(name) {
  return join(NODE_MODULES, '.bin', name);
}

/** PATH with the project's Node and tools first, so that `#!/usr/bin/env node` finds them too. */
export function pathWithLocalBins(env = process.env) {
  return [join(NODE_MODULES, '.bin'), env.PATH ?? ''].join(delimiter);
}

export function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

/** The path of the first of these programs that is on the PATH, or undefined. */
export function findOnPath(...names) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    if (!directory) continue;
    for (const name of names) {
      const candidate = join(directory, name);
      if (existsSync(candidate)) return candidate;
    }
  }
  return undefined;
}
