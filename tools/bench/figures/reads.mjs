// Reads of one ready session, against servers that only send the same bytes.
import { ratio } from '../results.mjs';
import { echoes, readContestants, readySessions } from './ready-sessions.mjs';

export default {
  name: 'reads',
  title: 'Reads of one ready session with a credential, 64 connections',
  rounds: { full: 5, quick: 2 },
  async prepare({ lab, quick }) {
    const product = await lab.product();
    const [id] = await readySessions(lab, product, 1);
    const peers = await echoes(lab, product, id);
    return readContestants({ lab, product, peers, paths: [`/v1/sessions/${id}`], seconds: quick ? 1 : 3 });
  },
  rows: [
    {
      label: 'read a ready session, against bare `node:http`',
      unit: '×',
      goal: { least: 0.6 },
      of: (values) => ratio(values.product, values['node:http']),
    },
    {
      label: 'for comparison: the same session by the usual path (database, unsealing), against bare `node:http`',
      unit: '×',
      of: (values) => ratio(values['product, not from memory'], values['node:http']),
    },
    {
      label: 'for comparison: Nest + Fastify echo of that reply, against bare `node:http`',
      unit: '×',
      of: (values) => ratio(values['Nest + Fastify'], values['node:http']),
    },
  ],
};
