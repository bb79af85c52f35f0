// Durable creates: each reply means that the session is on disk. The reference is what Postgres does with one row per
// commit.
import { load } from '../load/load.mjs';
import { median } from '../numbers.mjs';
import { singleRowInserts } from './single-row-inserts.mjs';

const CONNECTIONS = 64;

export default {
  name: 'creates',
  title: `Durable creates, ${CONNECTIONS} connections, one worker running, CAS at 0 ms`,
  rounds: { full: 3, quick: 2 },
  async prepare({ lab, quick }) {
    const product = await lab.product();
    await lab.cas(0);
    const total = quick ? 4000 : 20_000;
    const creates = {
      name: 'product',
      unit: '/s',
      servers: product.servers,
      async run(measured) {
        const requestOf = () => product.create();
        const { result, cpu } = await measured(() =>
          load({ port: product.port, connections: CONNECTIONS, total, requestOf, expect: [201, 202] }),
        );
        await product.settled();
        return { value: total / result.seconds, operations: total, cpu };
      },
    };
    return [creates, await singleRowInserts({ lab, product, connections: CONNECTIONS, total: total / 4 })];
  },
  rows: [
    {
      label: 'durable creates, 64 connections, one worker running',
      unit: '/s',
      goal: { least: 5000 },
      of: (values) => median(values.product),
    },
    {
      label: 'for comparison: inserts of single rows, prepared, 64 connections',
      unit: '/s',
      of: (values) => median(values['single rows']),
    },
  ],
};
