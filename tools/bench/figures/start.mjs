// What a start costs: CPU time until the process is ready, with database and queue there.
import { cpuOf } from '../lab/cpu.mjs';
import { median } from '../numbers.mjs';

/** Rarely asked: each question costs the process that starts a little. */
const POLL_MS = 20;

export default {
  name: 'start',
  title: 'Start to ready, database already there',
  rounds: { full: 5, quick: 2 },
  async prepare({ lab }) {
    const product = await lab.product();
    const contestant = (app) => ({
      name: app,
      unit: ' s of CPU',
      servers: [],
      async run(measured) {
        const { result, cpu } = await measured(() => product.another(app, { pollMs: POLL_MS }));
        const value = cpuOf(result.pid);
        await result.stop();
        return { value, operations: 1, cpu };
      },
    });
    return [contestant('gateway'), contestant('worker')];
  },
  rows: [
    {
      label: 'start to ready, gateway',
      unit: ' s of CPU',
      goal: { most: 0.6 },
      of: (values) => median(values.gateway),
    },
    {
      label: 'start to ready, worker',
      unit: ' s of CPU',
      goal: { most: 0.6 },
      of: (values) => median(values.worker),
    },
  ],
};
