// Builds every application into dist/apps/<app>/main.js. Nest compiles without checking types: `npm run check` does.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { BUILD_STAMP } from './bootstrap.mjs';
import { DIST, PROJECT_NODE, ROOT, localBin, pathWithLocalBins } from './paths.mjs';
import { secondsSince } from './steps.mjs';

const start = performance.now();
const startedAt = new Date();

rmSync(DIST, { recursive: true, force: true });
const { status } = spawnSync(PROJECT_NODE, [localBin('nest'), 'build', '--all'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, PATH: pathWithLocalBins() },
});
if (status !== 0) {
  // Nest writes bundles that lack what it could not resolve; better none than those.
  rmSync(DIST, { recursive: true, force: true });
  process.exit(status ?? 1);
}

// The time of the stamp is that of the start: what is edited during the build is newer than it.
mkdirSync(DIST, { recursive: true });
writeFileSync(BUILD_STAMP, '');
utimesSync(BUILD_STAMP, startedAt, startedAt);
console.log(`built in ${secondsSince(start)}`);
