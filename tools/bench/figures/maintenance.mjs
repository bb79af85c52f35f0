// What is done with all sessions, by the number of those stored: lists, metrics, 100,000 sessions that end in one moment,
// and retention. Needs the databases of `growth`, so it is measured only with --only maintenance.
import { load } from '../load/load.mjs';
import { requestBytes } from '../load/connection.mjs';
import { median } from '../numbers.mjs';
import { waitUntil } from '../../processes.mjs';
import { ToolError } from '../../steps.mjs';
import { ratio } from '../results.mjs';
import { productWithStored, runScript } from './stored-sessions.mjs';

const SMALL = 1000;
const LARGE = 3_000_000;
const TIMEOUT_MS = 300_000;
/** Beyond RETENTION_S and AUDIT_RETENTION_S. */
const LONG_AGO = '400 days';

const LISTS = {
  'list of all': '/v1/sessions?limit=50',
  'list of failed': '/v1/sessions?limit=50&status=failed',
  'page of the audit trail': '/v1/audit?limit=50',
};

const nameOf = (what, stored) => `${what} with ${stored.toLocaleString('en-US')} stored`;

export default {
  name: 'maintenance',
  title: 'Lists, metrics, 100,000 sessions that end in one moment, and retention, by the number of stored sessions',
  onlyIfNamed: true,
  rounds: { full: 3, quick: 1 },
  async prepare({ lab, quick }) {
    const [times, many] = quick ? [20, 5000] : [100, 100_000];
    const contestants = [];
    for (const stored of [SMALL, LARGE]) {
      const product = await productWithStored(lab, stored, { quick });
      const contestant = (what, unit, operations, work) => ({
        name: nameOf(what, stored),
        unit,
        servers: product.servers,
        async run(measured) {
          const { result, cpu } = await measured(work);
          return { value: result, operations, cpu };
        },
      });
      const p50 = (port, path, headers) => async () => {
        const latencies = [];
        const request = requestBytes('GET', path, headers);
        const onReply = (_, _body, ms) => latencies.push(ms);
        await load({ port, connections: 1, total: times, requestOf: () => request, expect: 200, onReply });
        return median(latencies);
      };
      for (const [what, path] of Object.entries(LISTS)) {
        contestants.push(contestant(what, ' ms', times, p50(product.port, path, product.headers)));
      }
      contestants.push(
        contestant('metrics of the worker', ' ms', times, p50(product.workerOpsPort, '/metrics', {})),
        contestant('ending', ' s', many, () => ending(product, many)),
        contestant('retention', '/s', many, () => retention(product, many)),
      );
    }
    return contestants;
  },
  rows: [
    ...[...Object.keys(LISTS), 'metrics of the worker'].map((what) => ({
      label: `p50 of ${what} at 3,000,000 stored sessions, against 1,000`,
      unit: '×',
      of: (values) => ratio(values[nameOf(what, LARGE)], values[nameOf(what, SMALL)]),
    })),
    {
      label: '100,000 sessions that end in one moment, 3,000,000 stored: all tokens erased after',
      unit: ' s',
      goal: { most: 5 },
      of: (values) => median(values[nameOf('ending', LARGE)]),
    },
    {
      label: 'retention, 3,000,000 stored: sessions deleted with their tokens and two audit entries each, one worker',
      unit: '/s',
      of: (values) => median(values[nameOf('retention', LARGE)]),
    },
    {
      label: 'the same with 1,000 stored',
      unit: '/s',
      of: (values) => median(values[nameOf('retention', SMALL)]),
    },
  ],
};

/** Seconds until the last of `count` sessions that are all due when they appear has lost its tokens. */
async function ending(product, count) {
  const prefix = `ses_ending${Date.now()}`;
  await runScript(
    product,
    `BEGIN;
     INSERT INTO sessions (id, generation, status, products, created_by, created_at, ready_at, expires_at, deadline_at, due_at)
     SELECT '${prefix}' || n, 1, 'ready', '{stream}', 'key:backend', now(), now(), now(), now(), now()
     FROM generate_series(1, ${count}) n;
     INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
     SELECT '${prefix}' || n, 'stream', decode(repeat('ab', 400), 'hex'), 'k1', now() FROM generate_series(1, ${count}) n;
     COMMIT;
`,
  );
  // A session expires and loses its tokens in one transaction.
  return secondsUntilNone(product, `SELECT 1 FROM sessions WHERE status = 'ready' AND expires_at <= now() LIMIT 1`);
}

/** Sessions deleted per second, with their tokens and audit entries. */
async function retention(product, count) {
  const prefix = `ses_old${Date.now()}`;
  await runScript(
    product,
    `BEGIN;
     INSERT INTO sessions (id, generation, status, products, created_by, created_at, deadline_at, due_at, ended_at)
     SELECT '${prefix}' || n, 1, 'closed', '{stream}', 'key:backend', t.at, t.at, t.at, t.at
     FROM generate_series(1, ${count}) n, (SELECT now() - interval '${LONG_AGO}' AS at) t;
     INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
     SELECT '${prefix}' || n, 'stream', NULL, 'k1', now() FROM generate_series(1, ${count}) n;
     INSERT INTO audit_entries (id, at, actor, action, session_id, count)
     SELECT gen_random_uuid(), now() - interval '${LONG_AGO}', 'key:backend', a, '${prefix}' || n, 1
     FROM generate_series(1, ${count}) n, unnest('{create,close}'::text[]) a;
     COMMIT;
`,
  );
  const old = `now() - interval '399 days'`;
  const seconds = await secondsUntilNone(
    product,
    `SELECT 1 FROM sessions WHERE ended_at < ${old} UNION ALL SELECT 1 FROM audit_entries WHERE at < ${old} LIMIT 1`,
  );
  return count / seconds;
}

async function secondsUntilNone(product, query) {
  const start = performance.now();
  const none = async () => (await product.sql(query)).rowCount === 0;
  if (await waitUntil(none, { timeoutMs: TIMEOUT_MS, everyMs: 50 })) return (performance.now() - start) / 1000;
  throw new ToolError(`not done within ${TIMEOUT_MS / 1000} s: ${query}`);
}
