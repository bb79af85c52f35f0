// Reads of 10,000 sessions in random order, so that neither one row nor one line of cache serves all of them.
import { load } from '../load/load.mjs';
import { ratio } from '../results.mjs';
import { echoes, readContestants, readySessions } from './ready-sessions.mjs';

const SESSIONS = 10_000;

export default {
  name: 'scattered-reads',
  title: `Reads of ${SESSIONS.toLocaleString('en-US')} different sessions in random order, 64 connections`,
  rounds: { full: 5, quick: 2 },
  async prepare({ lab, quick }) {
    const product = await lab.product();
    const ids = await readySessions(lab, product, quick ? SESSIONS / 5 : SESSIONS);
    const peers = await echoes(lab, product, ids[0]);
    // Each of them once: the first read of a session is a different figure (growth).
    const requestOf = (i) => product.read(ids[i]);
    await load({ port: product.port, connections: 64, total: ids.length, requestOf, expect: 200 });
    const paths = ids.map((id) => `/v1/sessions/${id}`);
    const contestants = readContestants({ lab, product, peers, paths, seconds: quick ? 1 : 3 });
    return contestants.filter(({ name }) => ['product', 'node:http'].includes(name));
  },
  rows: [
    {
      label: '10,000 different sessions in random order, against bare `node:http`',
      unit: '×',
      goal: { least: 0.5 },
      of: (values) => ratio(values.product, values['node:http']),
    },
  ],
};
