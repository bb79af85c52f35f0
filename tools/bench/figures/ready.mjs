// How long a session takes to reach its client once CAS has answered: one at a time, nothing else to do.
import { one } from '../load/load.mjs';
import { requestBytes } from '../load/connection.mjs';
import { median } from '../numbers.mjs';

const CAS_LATENCY_MS = 20;

export default {
  name: 'ready',
  title: `From CAS's answer to the reply with the token, one session at a time`,
  rounds: { full: 3, quick: 2 },
  async prepare({ lab, quick }) {
    const total = quick ? 40 : 150;
    let serial = 0;
    const contestant = async (name, queue) => {
      const product = await lab.product(queue);
      return {
        name,
        unit: ' ms',
        servers: product.servers,
        async run(measured) {
          const { port: casPort } = await lab.cas(CAS_LATENCY_MS);
          const delays = [];
          const { cpu } = await measured(async () => {
            for (let i = 0; i < total; i++) {
              await one(product.port, product.open(`ready-${serial++}`), 201);
              const now = process.hrtime.bigint();
              const { body } = await one(casPort, requestBytes('GET', '/last-reply'));
              delays.push(Number(now - BigInt(JSON.parse(body).lastReply)) / 1e6);
            }
          });
          return { value: median(delays), operations: total, cpu };
        },
      };
    };
    return [await contestant('queue in Redis', 'redis'), await contestant('queue in Postgres', 'postgres')];
  },
  rows: [
    {
      label: 'ready after CAS answered, one at a time, p50, queue in Redis',
      unit: ' ms',
      goal: { most: 5 },
      of: (values) => median(values['queue in Redis']),
    },
    {
      label: 'the same, queue in Postgres',
      unit: ' ms',
      goal: { most: 12 },
      of: (values) => median(values['queue in Postgres']),
    },
  ],
};
