// npm run bench [-- --quick]: compares the product with a typical simple server, in one run on this machine. Starts both
// on free ports, the product with a new data directory, and removes everything at the end.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kickOff } from './bench/kick-off.mjs';
import { startPeer, startProduct } from './bench/servers.mjs';
import { warmReads } from './bench/warm-reads.mjs';
import { modeOfParent } from './postgres.mjs';
import { reportAndExit, step } from './steps.mjs';

const quick = process.argv.includes('--quick');
const directory = mkdtempSync(join(tmpdir(), 'watchtogether-bench-'));
// Under root the data of Postgres would be kept elsewhere otherwise, and stay.
chmodSync(directory, modeOfParent());
const servers = [];

async function end() {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(directory, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end().then(() => process.exit(1)));

try {
  const product = await step('the product: gateway, worker, Postgres, CAS sandbox', () => startProduct(directory));
  servers.push(product);
  const peer = await step('the peer: rooms in memory, no authentication', startPeer);
  servers.push(peer);
  await kickOff(product, peer, quick ? { joiners: 200, rounds: 2 } : { joiners: 500, rounds: 5 });
  await warmReads(product, peer, quick ? { seconds: 2, rounds: 2 } : { seconds: 5, rounds: 3 });
  await end();
} catch (error) {
  await end();
  reportAndExit(error);
}
