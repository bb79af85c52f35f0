import { Charts } from './charts.js';
import { $, h, link, show } from './dom.js';
import { count, duration, rate, seconds, since, time } from './format.js';
import { showPool } from './pool.js';

const BREAKER = ['closed', 'half-open', 'open'];

/** The overview: what is now, the last hour, what was wrong, and who works. */
export class Overview {
  constructor(place) {
    place.replaceChildren(
      h('h1', { className: 'visually-hidden', text: 'Overview' }),
      h('dl', { className: 'tiles', id: 'tiles' }),
      h('div', { id: 'oldest' }),
      h('section', { className: 'charts', id: 'charts', 'aria-label': 'The last hour' }),
      h('section', { className: 'card', id: 'pool', 'aria-labelledby': 'pool-title', hidden: true }),
      h(
        'div',
        { className: 'two' },
        h('section', { className: 'card', id: 'processes', 'aria-labelledby': 'processes-title', tabindex: '-1' }),
        h('section', { className: 'card', id: 'past', 'aria-labelledby': 'past-title' }),
      ),
    );
    this.charts = new Charts($('charts'));
  }

  end() {
    this.charts.end();
  }

  update(state, series) {
    const { counts, countedTo, processes, pace } = state;
    const last = (name) => series[name]?.at(-1) ?? null;
    const alive = (kind) => processes.filter((one) => one.kind === kind && one.alive).length;
    const sessions = (status) => `/console/sessions?status=${status}`;
    const breaker = last('breaker');
    show(
      $('tiles'),
      tile('Pending', count(counts?.pending, countedTo), sessions('pending'), counts?.pending > 0 && 'wait'),
      tile('Ready', count(counts?.ready, countedTo), sessions('ready')),
      tile('Failed', count(counts?.failed, countedTo), sessions('failed'), counts?.failed > 0 && 'bad'),
      tile('Opened', `${rate(last('opened'))}/s`),
      tile('Published', `${rate(last('published'))}/s`),
      tile('Ready in, 99 %', seconds(last('readyP99'))),
      tile('CAS, half', seconds(last('casP50'))),
      pace && tile('CAS pace', `${rate(pace.limit)}/s`, null, pace.slowed && 'wait'),
      pace && counts?.pending > 0 && tile('Drained in', seconds(pace.drainS), sessions('pending')),
      tile('Circuit', breaker === null ? '–' : (BREAKER[breaker] ?? '–'), null, breaker > 0 && 'bad'),
      tile('Workers', count(alive('worker')), '#processes', alive('worker') === 0 && 'bad'),
      tile('Gateways', count(alive('gateway')), '#processes'),
    );
    show($('oldest'), oldest(counts));
    this.charts.update(series);
    showPool($('pool'), state.pool);
    show($('processes'), h('h2', { id: 'processes-title', text: 'Gateways and workers' }), processTable(state));
    show($('past'), h('h2', { id: 'past-title', text: 'What was wrong' }), pastList(state));
  }
}

function tile(label, value, href = null, tone = false) {
  const number = href === null ? value : link(href, { text: value });
  return h('div', { className: `tile ${tone || ''}` }, h('dt', { text: label }), h('dd', {}, number));
}

/** The oldest waiting session: a bar without an end, since it has none yet. */
function oldest(counts) {
  if (!counts || counts.oldestPendingS === null) return null;
  const from = new Date(Date.parse(counts.readAt) - counts.oldestPendingS * 1000).toISOString();
  return h(
    'p',
    { className: 'oldest' },
    h('span', { className: 'unfinished', 'aria-hidden': 'true' }),
    h('span', {}, `The oldest of ${count(counts.pending)} waiting since `, time(from), ` (${since(from)} so far)`),
    counts.firstDeadlineAt && h('span', { className: 'soft' }, 'first deadline at ', time(counts.firstDeadlineAt)),
  );
}

function processTable({ processes, process, version: ours }) {
  if (processes.length === 0) return h('p', { className: 'empty', text: 'No process has reported itself yet.' });
  const versions = new Set(processes.filter(({ alive }) => alive).map(({ version }) => version));
  const rows = [...processes].sort(
    (one, other) => one.kind.localeCompare(other.kind) || one.id.localeCompare(other.id),
  );
  return h(
    'div',
    { className: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Gateways and workers' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['process', 'version', 'up for', 'seen', 'database', 'now'].map((text) => h('th', { scope: 'col', text })),
        ),
      ),
      h(
        'tbody',
        {},
        ...rows.map((one) =>
          h(
            'tr',
            { className: one.alive ? '' : 'lost' },
            h(
              'th',
              { scope: 'row', className: 'mono' },
              one.id,
              one.id === process && h('span', { className: 'soft', text: ' (this one)' }),
            ),
            h(
              'td',
              {},
              one.version,
              versions.size > 1 && one.version !== ours && h('span', { className: 'chip warn', text: 'differs' }),
            ),
            h('td', { text: since(one.startedAt) }),
            h(
              'td',
              {},
              one.alive
                ? `${since(one.seenAt)} ago`
                : h('span', { className: 'chip bad' }, 'lost since ', time(one.seenAt)),
            ),
            h('td', {}, pool(one)),
            h('td', { text: nowOf(one) }),
          ),
        ),
      ),
    ),
  );
}

/** Connections of its pool to the database. */
function pool({ alive, pool: figures }) {
  if (!alive || !figures) return '–';
  const { busy, idle, waiting, limit } = figures;
  return [
    `${busy} in use, ${idle} idle of ${limit}`,
    waiting > 0 && h('span', { className: 'chip warn', text: `${count(waiting)} wait` }),
  ];
}

function nowOf(one) {
  if (!one.alive) return '–';
  const skew = Math.abs(one.clockSkewS) > 2 ? [`clock ${one.clockSkewS.toFixed(1)} s off`] : [];
  if (one.failing.length > 0) return [`not ready: ${one.failing.join(', ')}`, ...skew].join(', ');
  const own =
    one.kind === 'worker'
      ? [...circuits(one.breakers), `${count(one.published)} published`, `${count(one.wasted)} wasted`]
      : [
          `${count(one.opened)} opened`,
          `${count(one.sse)} SSE`,
          `${count(one.waits)} held`,
          ...(one.listens ? [] : ['no events']),
        ];
  return [...own, ...skew].join(', ');
}

function pastList({ past, watchedSince }) {
  if (past.length === 0) {
    return h('p', { className: 'empty' }, 'Nothing since ', time(watchedSince), ', when this gateway began to watch.');
  }
  return h(
    'ol',
    { className: 'past' },
    ...past.map((one) =>
      h(
        'li',
        {},
        h('span', { className: `chip ${one.level}`, text: duration(Date.parse(one.until) - Date.parse(one.since)) }),
        h('span', { text: one.past }),
        h('span', { className: 'soft' }, time(one.since), ' to ', time(one.until)),
      ),
    ),
  );
}

/** Named if there are several CAS endpoints. */
function circuits(breakers) {
  const all = Object.entries(breakers);
  return all.map(([endpoint, state]) => `circuit ${all.length > 1 ? `${endpoint} ` : ''}${BREAKER[state] ?? '–'}`);
}
