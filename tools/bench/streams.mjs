// node tools/bench/streams.mjs --url URL --ops-url URL --key KEY [--streams 5000] [--sessions 500] [--hold 60]
// Opens event streams on one gateway and tells what they take of its memory. Starts nothing itself.
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
    hold: { type: 'string', default: '60' },
  },
});
const headers = { authorization: `Bearer ${values.key}` };
const agent = new Agent({ keepAlive: false });
const AT_ONCE = 20;

async function metric(name) {
  const text = await (await fetch(`${values['ops-url']}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

async function report(when) {
  const rss = (await metric('process_resident_memory_bytes')) / 2 ** 20;
  console.log(`${when}: ${rss.toFixed(0)} MiB, ${await metric('streams_open')} streams`);
  return rss;
}

async function newSession() {
  const reply = await fetch(`${values.url}/v1/sessions`, { method: 'POST', headers });
  if (!reply.ok) throw new Error(`POST /v1/sessions answers ${reply.status}`);
  return (await reply.json()).id;
}

async function follow(id) {
  const asking = request(`${values.url}/v1/sessions/${id}/events`, { headers, agent }).end();
  const [reply] = await once(asking, 'response');
  if (reply.statusCode !== 200) throw new Error(`a stream is answered with ${reply.statusCode}`);
  asking.on('error', () => undefined);
  reply.on('error', () => undefined).resume();
}

/** Does it `times` times, not more than `AT_ONCE` at a time. */
async function inParallel(times, work) {
  let next = 0;
  const results = [];
  const worker = async () => {
    while (next < times) results.push(await work(next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

const sessions = await inParallel(Number(values.sessions), newSession);
const before = await report('before');
const start = performance.now();
await inParallel(Number(values.streams), (i) => follow(sessions[i % sessions.length]));
console.log(`opened ${values.streams} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
await report('open');
await new Promise((resolve) => setTimeout(resolve, Number(values.hold) * 1000));
const after = await report(`after ${values.hold} s`);
console.log(`${(((after - before) * 1024) / Number(values.streams)).toFixed(1)} KiB per stream`);
process.exit(0);
