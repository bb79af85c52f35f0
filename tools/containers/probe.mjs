// Reads a session again and again until SIGTERM, then prints how many reads there were, how many failed, and how long the
// longest time without a successful read was. A program of its own, since it runs in the network of the engine.
//
//   node probe.mjs URL KEY
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 100;
const TIMEOUT_MS = 10_000;

const [url, key] = process.argv.slice(2);
let stopped = false;
process.on('SIGTERM', () => (stopped = true));

const pending = new Set();
let [reads, failed, longestGapMs] = [0, 0, 0];
let lastSuccess = performance.now();
while (!stopped) {
  // Not one after another: a read that waits for a gateway that is gone must not hide the one that took its place.
  const read = succeeds().then((success) => {
    pending.delete(read);
    reads += 1;
    if (!success) failed += 1;
    else note(performance.now());
  });
  pending.add(read);
  await sleep(EVERY_MS);
}
await Promise.all(pending);
console.log(JSON.stringify({ reads, failed, longestGapMs: Math.round(longestGapMs) }));

function note(success) {
  longestGapMs = Math.max(longestGapMs, success - lastSuccess);
  lastSuccess = success;
}

async function succeeds() {
  try {
    const headers = { authorization: `Bearer ${key}`, connection: 'close' };
    const reply = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const session = await reply.json();
    return reply.status === 200 && session.status === 'ready';
  } catch {
    return false;
  }
}
