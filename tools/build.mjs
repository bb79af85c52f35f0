// Builds every application into dist/apps/<app>/main.js. Types are not checked here: `npm run check` does that.
import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { BUILD_STAMP } from './bootstrap.mjs';
import { DIST, PROJECT_NODE, ROOT, localBin, pathWithLocalBins } from './paths.mjs';
import { secondsSince } from './steps.mjs';

const start = performance.now();
const startedAt = new Date();

// Built in a directory of its own and swapped in when complete: a process that starts meanwhile, or after a build that
// failed, gets the previous build.
const fresh = `${DIST}.new-${process.pid}`;
const old = `${DIST}.old-${process.pid}`;
const { status } = spawnSync(PROJECT_NODE, [localBin('nest'), 'build', '--all'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, PATH: pathWithLocalBins(), BUILD_DIR: fresh },
});
if (status !== 0) {
  rmSync(fresh, { recursive: true, force: true });
  process.exit(status ?? 1);
}

// Stamped with the time of the start, so that what is edited during the build is newer.
mkdirSync(fresh, { recursive: true });
const stamp = join(fresh, basename(BUILD_STAMP));
writeFileSync(stamp, '');
utimesSync(stamp, startedAt, startedAt);
if (existsSync(DIST)) renameSync(DIST, old);
renameSync(fresh, DIST);
rmSync(old, { recursive: true, force: true });
console.log(`built in ${secondsSince(start)}`);
