// npm run test:containers [-- part of a group's name]: builds the image by the Dockerfile and runs docker-compose.yml, on
// a Debian machine with root that needs neither a Docker Engine nor an image registry. It takes some minutes the first
// time, less with its files kept: in CONTAINERS_CACHE, /var/tmp/watchtogether-containers by default (about 3 GB).
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from '../test/containers/index.mjs';
import { onProjectNode } from './bootstrap.mjs';
import { Deployment } from './containers/deployment.mjs';
import { startEngine } from './containers/engine.mjs';
import { buildNode, buildPostgres, buildRedis, importDebian } from './containers/base-images.mjs';
import { engineRoot, minimalRoot } from './containers/debian-root.mjs';
import { debianMirror, installPrograms, reasonToSkip } from './containers/prerequisites.mjs';
import { commandLine, isAlive, whenParentDies } from './processes.mjs';
import { run } from './run.mjs';
import { ToolError, reportAndExit, secondsSince, step } from './steps.mjs';

const slowly = (name, work) => step(name, work, { slow: true });

async function main() {
  if (!(await onProjectNode(import.meta.filename, { installOnly: true }))) return;
  const start = performance.now();
  const chosen = CHECKS.filter(({ name, required }) => required || name.includes(process.argv[2] ?? ''));
  if (!chosen.some(({ name }) => name.includes(process.argv[2] ?? '')))
    throw new ToolError(`No group of checks has "${process.argv[2]}" in its name.`);
  const mirror = await debianMirror();
  const reason = await reasonToSkip(mirror);
  if (reason !== undefined) {
    console.log(`SKIPPED: the image was not built and Compose was not run: ${reason}`);
    return;
  }

  const failures = await withCache(async (cache) => {
    const stop = new AbortController();
    const end = () => stop.abort();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, end);
    whenParentDies(end);
    // Whatever runs when the test is stopped is ended, and the step that waits for it fails.
    const stoppable = (command, args, options) => run(command, args, { ...options, signal: stop.signal });
    return testContainers({ cache, mirror, chosen, run: stoppable, signal: stop.signal });
  });
  const total = chosen.flatMap(({ checks }) => Object.keys(checks)).length;
  console.log(`\n${total - failures} passed, ${failures} failed (${secondsSince(start)})`);
  if (failures > 0) process.exitCode = 1;
}

async function testContainers({ cache, mirror, chosen, run, signal }) {
  const [shared, logs] = [join(cache, 'shared'), join(cache, 'logs')];
  for (const directory of [shared, logs]) mkdirSync(directory, { recursive: true });

  console.log(`Files are kept in ${cache}\n\nthe engine`);
  await installPrograms();
  const minimal = await slowly('a root file system of Debian', () => minimalRoot(cache, mirror, run));
  const root = await slowly('Docker Engine and Compose', () => engineRoot(cache, minimal, run));
  const engine = await slowly('start the engine', () => startEngine({ root, shared, logs, run }));
  try {
    await slowly('stand-in for debian', () => importDebian(engine, { root: minimal, shared, run }));
    await slowly('stand-in for node', () => buildNode(engine, { shared, run }));
    await slowly('stand-in for postgres', () => buildPostgres(engine, { shared }));
    await slowly('stand-in for redis', () => buildRedis(engine, { shared }));

    const deployment = new Deployment(engine, { shared, logs });
    await slowly('a copy of the project', () => deployment.reset());
    const untested = await deployment.lowerOpenFiles();
    if (untested !== undefined) console.log(`  ! NOT TESTED: ${untested}`);
    return await runChecks(deployment, chosen, { logs, signal });
  } finally {
    await step('stop the engine', () => engine.stop());
  }
}

/** @returns how many failed */
async function runChecks(deployment, groups, { logs, signal }) {
  let failures = 0;
  for (const { name, checks, required } of groups) {
    console.log(`\n${name}`);
    for (const [sentence, check] of Object.entries(checks)) {
      try {
        await step(sentence, () => check(deployment));
      } catch (error) {
        if (signal.aborted) throw new ToolError('Stopped.');
        failures += 1;
        console.log(`${error.message.trimEnd()}\n`.replaceAll(/^(?=.)/gm, '      '));
        // Nothing can be said of what has not been built or started.
        if (required) throw new ToolError(`Not continued: ${sentence}`);
      }
    }
  }
  const { output } = await deployment.attempt('docker compose logs --no-color');
  writeFileSync(join(logs, 'compose.log'), output);
  if (failures > 0) console.log(`\nThe logs of the containers are in ${join(logs, 'compose.log')}`);
  return failures;
}

/** One run at a time: two engines cannot share a directory. */
async function withCache(work) {
  const directory = process.env.CONTAINERS_CACHE ?? '/var/tmp/watchtogether-containers';
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const cache = realpathSync(directory);
  const lock = join(cache, 'pid');
  const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : undefined;
  if (holder && isAlive(holder) && commandLine(holder).includes('containers.mjs')) {
    throw new ToolError(`Already running (pid ${holder}) in ${cache}. Stop it, or set another CONTAINERS_CACHE.`);
  }
  writeFileSync(lock, String(process.pid));
  try {
    return await work(cache);
  } finally {
    rmSync(lock, { force: true });
  }
}

main().catch(reportAndExit);
