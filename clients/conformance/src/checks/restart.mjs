import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultError, SkipError, fingerprints } from '../outcome.mjs';
import { expectSame, serverTime } from './same.mjs';

const COMMAND_DEADLINE_MS = 120_000;
const BACK_WITHIN_MS = 60_000;
const POLL_MS = 200;

/** Tokens in memory are lost with the process, while connected clients stay in the old session. */
export const restart = {
  id: 'restart',
  title: 'after a restart a room still has the token that was issued',
  async run({ contract, urls, url, room, options }) {
    if (options.restart === null) throw new SkipError('needs --restart CMD');
    const name = room();
    const before = await contract.open(url, name);
    await runShell(options.restart);
    await Promise.all(urls.map((each) => waitUntilUp(each, name, contract, before)));
    for (const each of urls) {
      const { expiresAt } = before;
      const [first] = await contract.lookUp(each, name, before);
      if (expiresAt !== null && serverTime(first) >= expiresAt) {
        throw new SkipError('the token expired before the server was back: use tokens that live longer');
      }
      expectSame(before, await contract.read(each, name), `read after the restart`);
      expectSame(before, await contract.open(each, name), `opened after the restart`);
    }
    return `token ${fingerprints(before.tokens)} before and after`;
  },
};

function runShell(command) {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that all of it can be killed; no pipes, since a server started by it would hold them.
    const child = spawn(command, { shell: true, stdio: 'ignore', detached: true });
    const timer = setTimeout(() => {
      process.kill(-child.pid, 'SIGKILL');
      reject(new FaultError(`--restart did not return within ${COMMAND_DEADLINE_MS / 1000} s`));
    }, COMMAND_DEADLINE_MS);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new FaultError(`--restart could not be run: ${error.message}`));
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new FaultError(`--restart exited with ${code ?? 'a signal'}: run it manually to see why`));
    });
  });
}

/** A server may refuse connections and respond with 5xx while it starts, within a limit. */
async function waitUntilUp(url, room, contract, before) {
  const end = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    let seen;
    try {
      const replies = await contract.lookUp(url, room, before);
      if (replies.every(({ status }) => status < 500)) return;
      seen = `responds with ${replies.map(({ status }) => status).join(', ')}`;
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      seen = error.message;
    }
    if (performance.now() > end)
      throw new FaultError(`${url} is not back ${BACK_WITHIN_MS / 1000} s after the restart: ${seen}`);
    await sleep(POLL_MS);
  }
}
