// What a request costs depends on what it touches, not on how much is stored: the product on three databases of different
// size, side by side. Takes minutes to fill, so it is measured only with --only growth.
import { load } from '../load/load.mjs';
import { median } from '../numbers.mjs';
import { ratio } from '../results.mjs';
import { readySessions } from './ready-sessions.mjs';
import { productWithStored } from './stored-sessions.mjs';

const SMALL = 1000;
const MIDDLE = 100_000;
const LARGE = 3_000_000;

const nameOf = (action, stored) => `${action} with ${stored.toLocaleString('en-US')} stored`;

export default {
  name: 'growth',
  title: 'p50 of reads and opens, one at a time, by the number of stored sessions',
  onlyIfNamed: true,
  rounds: { full: 5, quick: 2 },
  async prepare({ lab, quick }) {
    const times = quick ? 50 : 300;
    let serial = 0;
    const contestants = [];
    for (const stored of [SMALL, MIDDLE, LARGE]) {
      const product = await productWithStored(lab, stored, { quick });
      const contestant = (action, prepare) => ({
        name: nameOf(action, stored),
        unit: ' ms',
        servers: product.servers,
        async run(measured) {
          const { requestOf, expect } = await prepare();
          const latencies = [];
          const onReply = (_, _body, ms) => latencies.push(ms);
          const options = { port: product.port, connections: 1, total: times, requestOf, expect, onReply };
          const { cpu } = await measured(() => load(options));
          await product.settled();
          return { value: median(latencies), operations: times, cpu };
        },
      });
      contestants.push(
        // Each session once: its next read would be served from memory.
        contestant('read', async () => {
          const ids = await readySessions(lab, product, times);
          return { requestOf: (i) => product.read(ids[i]), expect: 200 };
        }),
        contestant('open', () => ({
          requestOf: () => product.open(`growth-${serial++}`, { wait: 0 }),
          expect: [201, 202],
        })),
      );
    }
    return contestants;
  },
  rows: ['read', 'open'].flatMap((action) => [
    {
      label: `p50 of ${action} at 3,000,000 stored sessions, against 1,000`,
      unit: '×',
      goal: { most: 1.2 },
      of: (values) => ratio(values[nameOf(action, LARGE)], values[nameOf(action, SMALL)]),
    },
    {
      label: `p50 of ${action} at 100,000 stored sessions, against 1,000`,
      unit: '×',
      of: (values) => ratio(values[nameOf(action, MIDDLE)], values[nameOf(action, SMALL)]),
    },
  ]),
};
