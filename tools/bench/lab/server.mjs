// A process of the benchmark: started, waited for and stopped. Its log goes to /dev/null, as cheap as a collector would
// be in production, or to a file with --logs. `profiles` is a directory for CPU profiles.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '../../child.mjs';
import { PROJECT_NODE, ROOT } from '../../paths.mjs';
import { waitUntil } from '../../processes.mjs';
import { ToolError } from '../../steps.mjs';

/** Node's options in the image. The peers have them too. */
const [, NODE_OPTIONS = ''] = /^ENV NODE_OPTIONS="(.*)"$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')) ?? [];
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** `readyUrl` answers 200 when it is ready; `pollMs` is how often it is asked. */
export async function startServer({ name, args, env = {}, logs, profiles, readyUrl, pollMs = 20 }) {
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}/${name}`];
  const child = launch(PROJECT_NODE, [...profiling, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NODE_OPTIONS, ...env },
    logFile: logs === undefined ? '/dev/null' : join(logs, `${name}.log`),
    append: true,
    guard: { signalName: 'SIGTERM', directory: ROOT },
  });
  const isReady = async () => (await fetch(readyUrl).catch(() => undefined))?.status === 200;
  await waitUntil(async () => !child.isRunning() || (await isReady()), {
    timeoutMs: START_TIMEOUT_MS,
    everyMs: pollMs,
  });
  const stop = async () => {
    if (!(await child.end('SIGTERM', STOP_TIMEOUT_MS))) await child.end('SIGKILL', STOP_TIMEOUT_MS);
  };
  if (child.isRunning() && (await isReady())) return { name, pid: child.pid, stop };
  await stop();
  throw new ToolError(`${name} did not become ready (${await child.exited}). Its log: run again with --logs DIR`);
}
