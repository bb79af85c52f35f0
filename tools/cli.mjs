// npm run cli -- …: the operator's commands. Beside a running `npm start` they use its database; variables of the
// environment and of .env take precedence.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appEntry, PROJECT_NODE } from './paths.mjs';
import { loadEnvFile } from './start/env-file.mjs';
import { readRunning } from './start/running.mjs';

loadEnvFile();
const env = { ...readRunning(process.env), ...process.env };
const child = spawn(PROJECT_NODE, [appEntry('cli'), ...process.argv.slice(2)], {
  env,
  stdio: 'inherit',
});
const [code, signal] = await once(child, 'exit');
if (signal) process.kill(process.pid, signal);
process.exitCode = code ?? 1;
