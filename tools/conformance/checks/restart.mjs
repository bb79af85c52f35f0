import { spawn } from 'node:child_process';
import { sleep } from '../../steps.mjs';
import { Fault, Skip, fingerprints } from '../outcome.mjs';
import { expectSame, serverTime } from './same.mjs';

const COMMAND_DEADLINE_MS = 120_000;
const BACK_WITHIN_MS = 60_000;
const POLL_MS = 200;

/** Tokens in memory are gone with the process, while the clients that hold one go on in the old session. */
export const restart = {
  id: 'restart',
  title: 'after a restart a room still has the token that was given out',
  async run({ contract, urls, url, room, options }) {
    if (options.restart === null) throw new Skip('it needs --restart CMD');
    const name = room();
    const before = await contract.open(url, name);
    await runShell(options.restart);
    await Promise.all(urls.map((each) => untilItAnswers(each, name, contract, before)));
    for (const each of urls) {
      const { expiresAt } = before;
      const [first] = await contract.lookUp(each, name, before);
      if (expiresAt !== null && serverTime(first) >= expiresAt) {
        throw new Skip('the token expired before the server was back: give it a longer life');
      }
      expectSame(before, await contract.read(each, name), `read after the restart`);
      expectSame(before, await contract.open(each, name), `opened after the restart`);
    }
    return `token ${fingerprints(before.tokens)} before and after`;
  },
};

function runShell(command) {
  return new Promise((resolve, reject) => {
    // A group of its own, so that all of it can be ended; no pipes, since a server that it starts would hold them open.
    const child = spawn(command, { shell: true, stdio: 'ignore', detached: true });
    const timer = setTimeout(() => {
      process.kill(-child.pid, 'SIGKILL');
      reject(new Fault(`--restart has not returned within ${COMMAND_DEADLINE_MS / 1000} s`));
    }, COMMAND_DEADLINE_MS);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Fault(`--restart cannot be run: ${error.message}`));
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Fault(`--restart ended with ${code ?? 'a signal'}: run it by hand to see why`));
    });
  });
}

/** A server may refuse connections and answer 5xx while it starts, but not for ever. */
async function untilItAnswers(url, room, contract, before) {
  const end = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    let seen;
    try {
      const replies = await contract.lookUp(url, room, before);
      if (replies.every(({ status }) => status < 500)) return;
      seen = `answers ${replies.map(({ status }) => status).join(', ')}`;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      seen = error.message;
    }
    if (performance.now() > end)
      throw new Fault(`${url} is not back ${BACK_WITHIN_MS / 1000} s after the restart: ${seen}`);
    await sleep(POLL_MS);
  }
}
