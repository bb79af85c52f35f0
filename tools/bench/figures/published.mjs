// The whole way: created over HTTP, queued, minted, sealed and published by one worker, until the last session is ready.
import { load } from '../load/load.mjs';
import { median } from '../numbers.mjs';
import { noOpJobs } from './no-op-jobs.mjs';

export default {
  name: 'published',
  title: 'Made, minted and published by one worker, queue in Redis, CAS at 0 ms',
  rounds: { full: 3, quick: 2 },
  async prepare({ lab, quick }) {
    const product = await lab.product();
    await lab.cas(0);
    const total = quick ? 4000 : 15_000;
    const published = {
      name: 'product',
      unit: '/s',
      servers: product.servers,
      async run(measured) {
        const requestOf = () => product.create();
        const { seconds, cpu } = await measured(async () => {
          await load({ port: product.port, connections: 64, total, requestOf, expect: [201, 202] });
          await product.settled();
        });
        return { value: total / seconds, operations: total, cpu };
      },
    };
    return [published, await noOpJobs(lab, total)];
  },
  rows: [
    {
      label: 'made, minted and published by one worker, CAS at 0 ms',
      unit: '/s',
      goal: { least: 3000 },
      of: (values) => median(values.product),
    },
    {
      label: 'for comparison: BullMQ jobs that do nothing, added one by one and run by one worker',
      unit: '/s',
      of: (values) => median(values['no-op jobs']),
    },
  ],
};
