// Resident memory of a gateway of its own: after half of the requests, after all of them, and with many SSE connections
// open. Without a leak the second half adds nothing.
import { connect } from 'node:net';
import { residentMib } from '../lab/cpu.mjs';
import { requestBytes } from '../load/connection.mjs';
import { load } from '../load/load.mjs';
import { median } from '../numbers.mjs';
import { sleep } from '../../steps.mjs';
import { readySessions } from './ready-sessions.mjs';

const OPENING_AT_ONCE = 50;
const HOLD_S = 5;

export default {
  name: 'memory',
  title: 'Memory of a gateway after 1,000,000 reads of 1,000 sessions, then with 5,000 SSE connections',
  rounds: { full: 1, quick: 1 },
  async prepare({ lab, quick }) {
    const [requests, streams] = quick ? [50_000, 500] : [1_000_000, 5000];
    const product = await lab.product();
    const ids = await readySessions(lab, product, 1000);
    const reads = ids.map((id) => product.read(id));
    let gateway;
    const readHalf = () => {
      const requestOf = () => reads[Math.floor(Math.random() * reads.length)];
      return load({ port: gateway.port, connections: 64, total: requests / 2, requestOf, expect: 200 });
    };
    const contestant = (name, work) => ({
      name,
      unit: ' MiB',
      servers: [],
      async run(measured) {
        const { result, cpu } = await measured(work);
        return { value: result, operations: 1, cpu };
      },
    });
    // In this order: each looks at what the one before has left.
    return [
      contestant('started', async () => {
        gateway = await product.another('gateway');
        return residentMib(gateway.pid);
      }),
      contestant('half of the reads', async () => {
        await readHalf();
        return residentMib(gateway.pid);
      }),
      contestant('all reads', async () => {
        await readHalf();
        return residentMib(gateway.pid);
      }),
      contestant('with SSE connections', async () => {
        const sockets = await openStreams(gateway.port, product, ids, streams);
        await sleep(HOLD_S * 1000);
        const mib = residentMib(gateway.pid);
        for (const socket of sockets) socket.destroy();
        await gateway.stop();
        return mib;
      }),
    ];
  },
  rows: [
    {
      label: 'gateway memory after 10⁶ reads, with 5,000 SSE connections',
      unit: ' MiB',
      goal: { most: 220 },
      of: (values) => median(values['with SSE connections']),
    },
    {
      label: 'flat: memory after the second half of the requests, against the first',
      unit: '×',
      goal: { most: 1.1 },
      of: (values) => median(values['all reads']) / median(values['half of the reads']),
    },
  ],
};

async function openStreams(port, product, ids, count) {
  const sockets = [];
  const open = async () => {
    while (sockets.length < count) {
      const id = ids[sockets.length % ids.length];
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      socket.write(requestBytes('GET', `/v1/sessions/${id}/events`, product.headers));
      const first = await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
      if (!first.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`no stream: ${first.toString()}`);
      socket.on('error', () => undefined).resume();
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, open));
  return sockets;
}
