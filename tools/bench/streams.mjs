// npm run bench:streams -- --url URL --ops-url URL --key KEY [--streams 5000] [--sessions 500] [--hold 120]
// Opens SSE connections to a running gateway, reports its memory every 15 s, and closes them. Without a leak the heap in
// use stays flat while they are held.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    'ops-url': { type: 'string', default: 'http://127.0.0.1:3001' },
    key: { type: 'string' },
    streams: { type: 'string', default: '5000' },
    sessions: { type: 'string', default: '500' },
    hold: { type: 'string', default: '120' },
  },
});
const headers = { authorization: `Bearer ${values.key}` };
const agent = new Agent({ keepAlive: false });
const AT_ONCE = 20;
const REPORT_EVERY_S = 15;
const MIB = 2 ** 20;

async function metrics(...names) {
  const text = await (await fetch(`${values['ops-url']}/metrics`)).text();
  return names.map((name) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]));
}

async function report(when) {
  const [rss, heap, streams] = await metrics(
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'sse_connections',
  );
  const [rssMib, heapMib] = [rss / MIB, heap / MIB];
  console.log(
    `${when.padEnd(14)} ${String(streams).padStart(6)} streams   heap ${heapMib.toFixed(0).padStart(4)} MiB   resident ${rssMib.toFixed(0).padStart(4)} MiB`,
  );
  return { rssMib, streams };
}

async function newSession() {
  const reply = await fetch(`${values.url}/v1/sessions`, { method: 'POST', headers });
  if (!reply.ok) throw new Error(`POST /v1/sessions returned ${reply.status}`);
  return (await reply.json()).id;
}

async function follow(id) {
  const asking = request(`${values.url}/v1/sessions/${id}/events`, { headers, agent }).end();
  const [reply] = await once(asking, 'response');
  if (reply.statusCode !== 200) throw new Error(`GET /v1/sessions/{id}/events returned ${reply.statusCode}`);
  asking.on('error', () => undefined);
  reply.on('error', () => undefined).resume();
  return asking;
}

/** Runs `work` `times` times, at most `AT_ONCE` at a time. */
async function inParallel(times, work) {
  let next = 0;
  const results = [];
  const worker = async () => {
    while (next < times) results.push(await work(next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

function sleep(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

const sessions = await inParallel(Number(values.sessions), newSession);
const before = await report('before');
const start = performance.now();
const streams = await inParallel(Number(values.streams), (i) => follow(sessions[i % sessions.length]));
await report(`opened in ${((performance.now() - start) / 1000).toFixed(0)} s`);
let last = before;
for (let held = REPORT_EVERY_S; held <= Number(values.hold); held += REPORT_EVERY_S) {
  await sleep(REPORT_EVERY_S);
  last = await report(`after ${held} s`);
}
console.log(`${(((last.rssMib - before.rssMib) * 1024) / last.streams).toFixed(1)} KiB per stream`);
for (const stream of streams) stream.destroy();
await sleep(REPORT_EVERY_S);
await report('all closed');
process.exit(0);
