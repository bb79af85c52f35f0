// Reads of a ready session by its TokenID: requests per second, and where the time goes.
import autocannon from 'autocannon';
import { request } from 'undici';
import { median } from './numbers.mjs';

const CONNECTIONS = 50;

export async function warmReads(product, peer, { seconds, rounds }) {
  console.log(`\nwarm reads: ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s each, alternating`);
  const targets = [
    { name: 'product, a session with its token', call: await readOf(product) },
    { name: 'peer, a room from memory', call: await readOf(peer) },
    { name: 'product, /livez: HTTP alone', call: get(`${product.url}/livez`) },
    { name: 'product, /readyz: HTTP and one SELECT 1', call: get(`${product.url}/readyz`) },
  ];
  const results = targets.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { call }] of targets.entries()) {
      results[i].push(await autocannon({ ...call, connections: CONNECTIONS, duration: seconds }));
    }
  }
  const rates = results.map((runs) => median(runs.map((run) => run.requests.average)));
  for (const [i, { name }] of targets.entries()) {
    const [p50, p99] = ['p50', 'p99'].map((p) => median(results[i].map((run) => run.latency[p])));
    const wrong = results[i].reduce((sum, run) => sum + run.non2xx + run.errors, 0);
    console.log(
      `  ${name.padEnd(42)} ${rates[i].toFixed(0).padStart(7)}/s   p50 ${p50} ms, p99 ${p99} ms` +
        (wrong > 0 ? `   FAILED: ${wrong}` : ''),
    );
  }
  console.log(`  ratio of the rates, product / peer: ${(rates[0] / rates[1]).toFixed(2)}`);
}

function get(url) {
  return { url, method: 'GET', headers: {} };
}

async function readOf(server) {
  const { url, ...options } = server.join('warm-reads');
  const reply = await request(url, options);
  return server.read(await reply.body.json());
}
