// npm run cli -- …: the operator's commands. Beside a running `npm start` they use its database; variables of the
// environment and of .env take precedence.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appEntry, PROJECT_NODE } from './paths.mjs';
import { loadEnvFile } from './start/env-file.mjs';
import { readRunning } from './start/running.mjs';

loadEnvFile();
const { environment, opsUrls, logDir } = readRunning(process.env);
const env = { ...environment, ...process.env };
const args = process.argv.slice(2);
if (args[0] === 'support-bundle') {
  if (!args.includes('--ops-url')) args.push(...opsUrls.flatMap((url) => ['--ops-url', url]));
  if (!args.includes('--logs') && logDir) args.push('--logs', logDir);
}
const child = spawn(PROJECT_NODE, [appEntry('cli'), ...args], {
  env,
  stdio: 'inherit',
});
const [code, signal] = await once(child, 'exit');
if (signal) process.kill(process.pid, signal);
process.exitCode = code ?? 1;
