// Builds every application into dist/apps/<app>/main.js. Nest compiles without checking types: `npm run check` does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BUILD_STAMP } from './bootstrap.mjs';
import { DIST, PROJECT_NODE, ROOT, localBin, pathWithLocalBins } from './paths.mjs';
import { secondsSince } from './steps.mjs';

const start = performance.now();
const startedAt = new Date();

// Built beside and then swapped: whoever starts a process meanwhile gets the old build or the new one, never none.
const fresh = `${DIST}.new-${process.pid}`;
const old = `${DIST}.old-${process.pid}`;
const { status } = spawnSync(PROJECT_NODE, [localBin('nest'), 'build', '--all'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, PATH: pathWithLocalBins(), BUILD_DIR: fresh },
});
if (status !== 0) {
  // Nest writes bundles that lack what it could not resolve; better none than those.
  rmSync(fresh, { recursive: true, force: true });
  rmSync(DIST, { recursive: true, force: true });
  process.exit(status ?? 1);
}

// The time of the stamp is that of the start: what is edited during the build is newer than it.
mkdirSync(fresh, { recursive: true });
const stamp = join(fresh, basename(BUILD_STAMP));
writeFileSync(stamp, '');
utimesSync(stamp, startedAt, startedAt);
if (existsSync(DIST)) renameSync(DIST, old);
renameSync(fresh, DIST);
rmSync(old, { recursive: true, force: true });
console.log(`built in ${secondsSince(start)}`);
