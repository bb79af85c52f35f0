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
import { run as runProgram } from './run.mjs';
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

  const failures = await withCache((cache) =>
    untilStopped((signal) => testContainers({ cache, mirror, chosen, signal })),
  );
  console.log(failures === 0 ? `\nall passed in ${secondsSince(start)}` : `\n${failures} failed`);
  if (failures > 0) process.exitCode = 1;
}

/** Ctrl-C and its like end whatever program runs, so the step that waits for it fails. */
async function untilStopped(work) {
  const stop = new AbortController();
  const end = () => stop.abort();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, end);
  whenParentDies(end);
  try {
    return await work(stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? new ToolError('Stopped.') : error;
  }
}

async function testContainers({ cache, mirror, chosen, signal }) {
  const run = (command, args, options) => runProgram(command, args, { ...options, signal });
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
    const failures = await runChecks(deployment, chosen, signal);
    if (failures > 0) console.log(`\nThe logs of the containers are in ${await saveLogs(deployment, logs)}`);
    return failures;
  } finally {
    await step('stop the engine', () => engine.stop());
  }
}

/** @returns how many failed */
async function runChecks(deployment, groups, signal) {
  let failures = 0;
  for (const { name, checks, required } of groups) {
    console.log(`\n${name}`);
    for (const [sentence, check] of Object.entries(checks)) {
      try {
        await step(sentence, () => check(deployment));
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        console.log(`${error.message.trimEnd()}\n`.replaceAll(/^(?=.)/gm, '      '));
      }
    }
    if (required && failures > 0) {
      console.log('Not continued: what does not start cannot be checked.');
      return failures;
    }
  }
  return failures;
}

async function saveLogs(deployment, directory) {
  const file = join(directory, 'compose.log');
  const { output } = await deployment.attempt('docker compose logs --no-color --timestamps');
  writeFileSync(file, output);
  return file;
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
