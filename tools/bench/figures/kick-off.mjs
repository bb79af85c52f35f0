// A kick-off: thousands of new rooms at once, each opened by a client that waits for both tokens. The peer is what people
// run today: Express, rooms in memory.
import { load } from '../load/load.mjs';
import { requestBytes } from '../load/connection.mjs';
import { ratio } from '../results.mjs';

const IN_FLIGHT = 400;
const CAS_LATENCY_MS = 100;
const PRODUCTS = ['stream', 'sync'];

export default {
  name: 'kick-off',
  title: `Kick-off: 4,000 new rooms with two products, ${IN_FLIGHT} in flight, CAS at ${CAS_LATENCY_MS} ms`,
  rounds: { full: 5, quick: 2 },
  async prepare({ lab, quick }) {
    const total = quick ? 1200 : 4000;
    const cas = await lab.cas(CAS_LATENCY_MS);
    const express = await lab.peer('express-rooms', [cas.url]);
    let kickOffs = 0;
    const contestant = (name, { port, servers, open, token }) => ({
      name,
      unit: '/s',
      servers,
      async run(measured) {
        const kickOff = kickOffs++;
        const requestOf = (i) => open(`room-${kickOff}-${i}`);
        const onReply = (_, body) => {
          if (!body.includes(token)) throw new Error(`a reply without its tokens: ${body.toString()}`);
        };
        const options = { port, connections: IN_FLIGHT, total, requestOf, onReply };
        const { result, cpu } = await measured(() => load({ ...options, expect: [200, 201] }));
        return { value: total / result.seconds, operations: total, cpu };
      },
    });
    const ours = async (name, queue) => {
      const { port, servers, open } = await lab.product(queue);
      return contestant(name, {
        port,
        servers,
        open: (room) => open(room, { products: PRODUCTS }),
        token: '"sync":"ey',
      });
    };
    const theirs = contestant('Express', {
      port: express.port,
      servers: [{ ...express, name: 'peer' }, cas],
      open: (room) => requestBytes('POST', '/room/create', {}, { name: room }),
      token: '"sync_token":"ey',
    });
    return [await ours('product', 'redis'), theirs, await ours('product, queue in Postgres', 'postgres')];
  },
  rows: [
    {
      label: 'kick-off, queue in Redis, against Express with rooms in memory',
      unit: '×',
      goal: { least: 1.2 },
      of: (values) => ratio(values.product, values.Express),
    },
    {
      label: 'kick-off, queue in Postgres, against Express with rooms in memory',
      unit: '×',
      goal: { least: 0.5 },
      of: (values) => ratio(values['product, queue in Postgres'], values.Express),
    },
  ],
};
