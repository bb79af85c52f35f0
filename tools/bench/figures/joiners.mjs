// A crowd joins one new room at the same moment: when the last one has its token, and how many different tokens there are.
import { load } from '../load/load.mjs';
import { requestBytes } from '../load/connection.mjs';
import { median } from '../numbers.mjs';

const JOINERS = 500;
const CAS_LATENCY_MS = 100;

export default {
  name: 'joiners',
  title: `${JOINERS} joiners of one new room, CAS at ${CAS_LATENCY_MS} ms: the last reply`,
  rounds: { full: 7, quick: 3 },
  async prepare({ lab }) {
    const product = await lab.product();
    const cas = await lab.cas(CAS_LATENCY_MS);
    const express = await lab.peer('express-rooms', [cas.url]);
    let crowds = 0;
    const contestant = (name, { port, servers, open, tokenOf }) => ({
      name,
      unit: ' ms',
      servers,
      async run(measured) {
        const request = open(`crowd-${crowds++}`);
        const tokens = new Set();
        const onReply = (_, body) => tokens.add(tokenOf(JSON.parse(body.toString())));
        const options = { port, connections: JOINERS, total: JOINERS, requestOf: () => request, onReply };
        const { result, cpu } = await measured(() => load({ ...options, expect: [200, 201] }));
        const value = result.seconds * 1000 - CAS_LATENCY_MS;
        return { value, operations: JOINERS, cpu, note: `different tokens: ${tokens.size}` };
      },
    });
    return [
      contestant('product', {
        port: product.port,
        servers: product.servers,
        open: (room) => product.open(room, { products: ['stream', 'sync'] }),
        tokenOf: (session) => session.tokens?.stream,
      }),
      contestant('Express', {
        port: express.port,
        servers: [{ ...express, name: 'peer' }, cas],
        open: (room) => requestBytes('POST', '/room/create', {}, { name: room }),
        tokenOf: (room) => room.wt_token,
      }),
    ];
  },
  rows: [
    {
      label: '500 joiners of one new room: last reply, over the 100 ms of CAS',
      unit: ' ms',
      goal: { most: 150 },
      of: (values) => median(values.product),
    },
    {
      label: 'for comparison: Express with rooms in memory, which gives the crowd different tokens',
      unit: ' ms',
      of: (values) => median(values.Express),
    },
  ],
};
