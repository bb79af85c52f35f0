// Runs a program to its end and collects its output. Imports no package: the bootstrap uses it before the install.
import { spawn } from 'node:child_process';

/**
 * Never rejects: a program that cannot be started has exit code 1 and the reason as its output.
 *
 * @param {import('node:child_process').SpawnOptions} options those of spawn; `stdio` is taken
 * @returns {Promise<{ code: number, stdout: string, output: string }>} `output` is stdout and stderr in order of arrival
 */
export function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, output] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, stdout, output: `${output}${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, output }));
  });
}
