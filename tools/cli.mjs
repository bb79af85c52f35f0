// npm run cli -- …: the operator's commands. Beside a running `npm start` they work on its database by themselves;
// whatever the environment says comes first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appEntry, PROJECT_NODE } from './paths.mjs';
import { readRunning } from './start/running.mjs';

const env = { ...readRunning(process.env), ...process.env };
const child = spawn(PROJECT_NODE, [appEntry('cli'), ...process.argv.slice(2)], {
  env,
  stdio: 'inherit',
});
const [code, signal] = await once(child, 'exit');
if (signal) process.kill(process.pid, signal);
process.exitCode = code ?? 1;
