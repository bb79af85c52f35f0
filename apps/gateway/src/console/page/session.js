import { api, explain } from './api.js';
import { ask } from './dialog.js';
import { $, h, link, show } from './dom.js';
import { clock, duration, since, time } from './format.js';
import { chip } from './sessions.js';

/** A pause in which nothing happened is folded from this length, in ms. */
const GAP_MS = 10_000;
const GOOD = ['ready', 'published'];
const BAD = ['failed', 'denied'];

const ACTIONS = {
  retry: {
    label: 'Retry…',
    title: 'Retry this session',
    confirm: 'Retry',
    effect: 'It goes back to pending with a new deadline, and CAS is called for the missing tokens.',
  },
  close: {
    label: 'Close…',
    title: 'Close this session',
    confirm: 'Close it for good',
    danger: true,
    effect: 'Its tokens are erased and never shown again; its room is free. This cannot be undone.',
  },
  rotate: {
    label: 'Rotate…',
    title: 'Rotate this session',
    confirm: 'Rotate',
    danger: true,
    effect:
      'It is closed and the next generation of its room is opened, as one change. Clients that follow it move on.',
  },
};

/** The life of one session, and what can be done with it. */
export class SessionPage {
  constructor(place, { address, me, go }) {
    this.id = decodeURIComponent(address.pathname.split('/').at(-1));
    this.me = me;
    this.go = go;
    place.replaceChildren(
      h('nav', { className: 'crumbs', 'aria-label': 'Back' }, link('/console/sessions', { text: 'Sessions' })),
      h('div', { className: 'session-head', id: 'session-head' }, h('h1', { className: 'mono', text: this.id })),
      h('p', { className: 'problem', id: 'session-problem', role: 'alert', hidden: true }),
      h('p', { className: 'notice', id: 'session-notice', role: 'status', hidden: true }),
      h('div', { id: 'session-actions', className: 'buttons' }),
      h(
        'div',
        { className: 'session' },
        h('section', { className: 'card', id: 'session-facts', 'aria-label': 'Facts' }),
        h(
          'section',
          { className: 'card', 'aria-labelledby': 'life' },
          h('h2', { id: 'life', text: 'What happened' }),
          h('ol', { className: 'timeline', id: 'timeline' }),
        ),
      ),
    );
  }

  end() {
    this.over = true;
  }

  async refresh() {
    let reply;
    try {
      reply = await api(`/sessions/${encodeURIComponent(this.id)}`);
    } catch (error) {
      if (error.status === 401) throw error;
      if (!this.over)
        say(
          'session-problem',
          error.status === 404
            ? 'There is no session with this TokenID. It may have been deleted after its retention.'
            : explain(error),
        );
      return;
    }
    if (this.over) return;
    say('session-problem', '');
    this.show(reply);
  }

  show({ session, entries, omitted, reasons }) {
    const { id, room, generation, status, failure } = session;
    show(
      $('session-head'),
      h('h1', {}, room === null ? 'Session without a room' : `${room} #${generation}`, ' ', chip(status)),
      h('p', { className: 'mono', text: id }),
      failure &&
        h(
          'p',
          { className: 'why' },
          h('strong', { text: failure.code }),
          `: ${failure.detail} ${failure.retryable ? 'Opening the room again retries it.' : 'It stays failed until it is retried here, or closed.'}`,
        ),
    );
    this.showActions(session);
    const facts = [
      ['products', session.products.join(', ')],
      ['created by', h('span', { className: 'mono', text: session.createdBy })],
      ['created', time(session.createdAt)],
      ['ready', session.readyAt ? time(session.readyAt) : '–'],
      ['expires', session.expiresAt ? time(session.expiresAt) : '–'],
      ['version', String(session.version)],
      [
        'metadata',
        Object.keys(session.metadata).length === 0 ? '–' : h('code', { text: JSON.stringify(session.metadata) }),
      ],
    ];
    show(
      $('session-facts'),
      h(
        'dl',
        { className: 'facts' },
        ...facts.map(([name, value]) => h('div', {}, h('dt', { text: name }), h('dd', {}, value))),
      ),
    );
    show($('timeline'), ...steps(entries, omitted, reasons));
  }

  showActions(session) {
    const key = `${session.version} ${session.actions.join()} ${this.me.readOnly}`;
    if (this.shownActions === key) return;
    this.shownActions = key;
    const place = $('session-actions');
    if (this.me.readOnly) {
      show(place, session.actions.length > 0 && h('p', { className: 'soft', text: 'This console is read-only.' }));
      return;
    }
    place.replaceChildren(
      ...session.actions.map((name) =>
        h('button', {
          text: ACTIONS[name].label,
          className: name === 'retry' ? 'primary' : '',
          onclick: () => this.act(name, session),
        }),
      ),
      ...(session.actions.length === 0
        ? [h('p', { className: 'soft', text: `It is ${session.status}: nothing more can be done with it.` })]
        : []),
    );
  }

  async act(name, { id, version, room, generation, status }) {
    const { title, confirm, effect, danger } = ACTIONS[name];
    let next;
    await ask({
      ...{ title, confirm, danger },
      facts: [
        ['Session', h('code', { text: id })],
        ...(room === null ? [] : [['Room', `${room} #${generation}`]]),
        ['Now', `${status}, version ${version}`],
        ['Effect', effect],
      ],
      run: async (reason) => {
        try {
          const reply = await api(`/sessions/${id}/${name}`, { body: { reason, version } });
          next = reply.next;
          this.show({ ...(await api(`/sessions/${id}`)) });
          say('session-notice', `Done: it is ${reply.session.status} now.`);
          return null;
        } catch (error) {
          if (error.code === 'session-changed') await this.refresh();
          throw new Error(
            `${explain(error)}${error.code === 'session-changed' ? ' The page behind this dialog shows it as it is now.' : ''}`,
            { cause: error },
          );
        }
      },
    });
    if (next !== undefined) this.go(`/console/sessions/${next.id}`);
  }
}

function say(place, text) {
  if ($(place).textContent !== text) $(place).textContent = text;
  $(place).hidden = text === '';
}

/** The steps from top to bottom. Between two of them a long pause is one line, whatever its length. */
function steps(entries, omitted, reasons) {
  const shown = [];
  let end = null;
  for (const [index, entry] of entries.entries()) {
    const gap = end === null ? 0 : Date.parse(entry.at) - end;
    if (gap >= GAP_MS)
      shown.push(h('li', { className: 'gap' }, h('span', { text: `${duration(gap)} in which nothing happened` })));
    shown.push(step(entry, reasons, index === entries.length - 1));
    end = Math.max(end ?? 0, endOf(entry));
  }
  if (omitted > 0)
    shown.push(h('li', { className: 'gap' }, h('span', { text: `${omitted} more steps were not kept` })));
  return shown;
}

function endOf({ at, until, durationMs, waitMs }) {
  return Math.max(
    Date.parse(at),
    until ? Date.parse(until) : 0,
    Date.parse(at) + (durationMs ?? 0),
    Date.parse(at) + (waitMs ?? 0),
  );
}

function step(entry, reasons, isLast) {
  const { at, event, text, outcome, waitMs, durationMs } = entry;
  const isOpen = event === 'pending' || (event === 'waiting' && isLast);
  const tone =
    BAD.includes(event) || (event === 'attempt' && outcome !== 'ok')
      ? 'bad'
      : GOOD.includes(event) || outcome === 'ok'
        ? 'good'
        : '';
  const took = durationMs ?? waitMs;
  const why = reasons.find((one) => Math.abs(Date.parse(one.at) - Date.parse(at)) < 1000 && matches(one.action, event));
  return h(
    'li',
    { className: `step ${tone} ${isOpen ? 'open' : ''}`, 'data-event': event },
    h('span', { className: 'at', title: at, text: clock(at) }),
    h('span', { className: 'what' }, text, why && h('span', { className: 'reason', text: `Reason: ${why.reason}` })),
    h('span', { className: 'took', text: isOpen ? `${since(at)} so far` : took === undefined ? '' : duration(took) }),
  );
}

function matches(action, event) {
  return (
    (action === 'retry' && event === 'retried') || (action === 'close' && (event === 'closed' || event === 'rotated'))
  );
}
