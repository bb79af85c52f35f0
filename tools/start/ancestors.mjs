// npm passes SIGTERM on, but dies silently by kill -9. Then nobody is left who would stop us.
import { commandLine, isAlive, parentOf, startTime } from '../processes.mjs';

const POLL_MS = 1000;
const FARTHEST = 8;

function isNpm(pid) {
  return /(^|[/\s])(npm|npx)(-cli\.js|-cli)?(\s|$)/.test(commandLine(pid));
}

/** From our parent up to and including the npm that runs us; empty when there is none. */
function chainUpToNpm() {
  if (!process.env.npm_lifecycle_event) return [];
  const chain = [];
  for (let pid = process.ppid; pid > 1 && chain.length < FARTHEST; pid = parentOf(pid)) {
    chain.push({ pid, started: startTime(pid) });
    if (isNpm(pid)) return chain;
  }
  return [];
}

export function whenNpmDies(callback) {
  const chain = chainUpToNpm();
  if (chain.length === 0) return;
  const timer = setInterval(() => {
    if (chain.every(({ pid, started }) => isAlive(pid) && startTime(pid) === started)) return;
    clearInterval(timer);
    callback();
  }, POLL_MS);
  timer.unref();
}
