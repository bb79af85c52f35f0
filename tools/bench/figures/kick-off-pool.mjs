// A kick-off with the warm pool on: the plan has filled it before the whistle and ends with it, so no open waits for CAS. The
// peer is the same as without the pool: Express, rooms in memory.
import { waitUntil } from '../../processes.mjs';
import { ToolError } from '../../steps.mjs';
import { requestBytes } from '../load/connection.mjs';
import { load } from '../load/load.mjs';
import { ratio } from '../results.mjs';

const IN_FLIGHT = 400;
const CAS_LATENCY_MS = 100;
const PRODUCTS = ['stream', 'sync'];
const FILL_TIMEOUT_MS = 300_000;

export default {
  name: 'kick-off-pool',
  title: `Kick-off with the warm pool on: 4,000 new rooms with two products, ${IN_FLIGHT} in flight, CAS at ${CAS_LATENCY_MS} ms`,
  rounds: { full: 5, quick: 2 },
  async prepare({ lab, quick }) {
    const total = quick ? 1200 : 4000;
    const cas = await lab.cas(CAS_LATENCY_MS);
    const [product, express] = [await lab.product('redis'), await lab.peer('express-rooms', [cas.url])];
    let kickOffs = 0;
    const contestant = (name, { port, servers, open, token, before }) => ({
      name,
      unit: '/s',
      servers,
      async run(measured) {
        await before?.();
        const kickOff = kickOffs++;
        const requestOf = (i) => open(`pool-${kickOff}-${i}`);
        const onReply = (_, body) => {
          if (!body.includes(token)) throw new Error(`a reply without its tokens: ${body.toString()}`);
        };
        const options = { port, connections: IN_FLIGHT, total, requestOf, onReply };
        const { result, cpu } = await measured(() => load({ ...options, expect: [200, 201] }));
        return { value: total / result.seconds, operations: total, cpu };
      },
    });
    const plan = async (target) => {
      const body = JSON.stringify({ targets: [{ products: PRODUCTS, target }], schedule: [] });
      const headers = { ...product.headers, 'content-type': 'application/json' };
      const reply = await fetch(`http://127.0.0.1:${product.port}/v1/pool`, { method: 'PUT', headers, body });
      if (!reply.ok) throw new ToolError(`the plan of the pool was refused: ${await reply.text()}`);
    };
    /** As the schedule of a kick-off does: nothing is minted after the whistle. */
    const fill = async () => {
      // A margin for the opens that find out whether the gateway knows of it.
      const sets = total + 20;
      await plan(sets);
      const isFull = async () => {
        const { rows } = await product.sql('SELECT count(*)::int AS sets FROM pool_sets');
        return rows[0].sets >= sets;
      };
      if (!(await waitUntil(isFull, { timeoutMs: FILL_TIMEOUT_MS, everyMs: 200 })))
        throw new ToolError(`the pool is not full after ${FILL_TIMEOUT_MS / 1000} s`);
      await plan(0);
      // A gateway looks once a second whether the pool has something.
      await waitUntil(async () => isKnown(product), { timeoutMs: FILL_TIMEOUT_MS, everyMs: 500 });
    };
    return [
      contestant('product, pool', {
        port: product.port,
        servers: product.servers,
        open: (room) => product.open(room, { products: PRODUCTS }),
        token: '"sync":"ey',
        before: fill,
      }),
      contestant('Express', {
        port: express.port,
        servers: [{ ...express, name: 'peer' }, cas],
        open: (room) => requestBytes('POST', '/room/create', {}, { name: room }),
        token: '"sync_token":"ey',
      }),
    ];
  },
  rows: [
    {
      label: 'kick-off with the warm pool on, against Express with rooms in memory',
      unit: '×',
      goal: { least: 2 },
      of: (values) => ratio(values['product, pool'], values.Express),
    },
  ],
};

async function isKnown(product) {
  const reply = await fetch(`http://127.0.0.1:${product.port}/v1/sessions`, {
    method: 'POST',
    headers: { ...product.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ products: PRODUCTS }),
  });
  return reply.status === 201;
}
