import { api, explain, query } from './api.js';
import { ask } from './dialog.js';
import { $, h, link, show } from './dom.js';
import { count, time } from './format.js';

const STATUSES = ['pending', 'ready', 'failed', 'closed', 'expired'];
const FAILURES = ['cas-unavailable', 'cas-bad-reply', 'deadline-exceeded', 'cas-rejected', 'cas-credentials-rejected'];
const TOKEN_ID = /^ses_[0-9A-Za-z]{22,60}$/;
const PAGE = 50;

export const chip = (status) => h('span', { className: `chip status-${status}`, text: status });

/** The list of sessions, with its filters in the address. */
export class Sessions {
  /** @param me who uses the console, and whether it is read-only @param go follows an address */
  constructor(place, { address, me, go }) {
    this.filter = Object.fromEntries(
      ['status', 'failure', 'room'].map((name) => [name, address.searchParams.get(name) ?? '']),
    );
    this.me = me;
    this.go = go;
    this.items = [];
    this.pages = 1;
    place.replaceChildren(
      h('h1', { text: 'Sessions' }),
      this.form(),
      h('p', { className: 'problem', id: 'list-problem', role: 'alert', hidden: true }),
      h(
        'div',
        { className: 'bar' },
        h('p', { id: 'list-count', className: 'soft', role: 'status' }),
        h('div', { id: 'list-actions' }),
      ),
      h('div', { id: 'list' }, h('p', { className: 'empty', text: 'Loading…' })),
      h('div', { className: 'more', id: 'list-more' }),
    );
  }

  end() {
    this.over = true;
  }

  form() {
    const select = (name, label, values) =>
      h(
        'div',
        { className: 'field' },
        h('label', { for: `filter-${name}`, text: label }),
        h(
          'select',
          { id: `filter-${name}`, name, onchange: () => this.apply() },
          h('option', { value: '', text: 'any' }),
          ...values.map((value) => h('option', { value, text: value, selected: this.filter[name] === value })),
        ),
      );
    const text = (name, label, value, placeholder) =>
      h(
        'div',
        { className: 'field grow' },
        h('label', { for: `filter-${name}`, text: label }),
        h('input', { id: `filter-${name}`, name, value, placeholder, autocomplete: 'off', spellcheck: 'false' }),
      );
    return h(
      'form',
      {
        id: 'filters',
        className: 'filters',
        role: 'search',
        onsubmit: (event) => {
          event.preventDefault();
          this.apply();
        },
      },
      select('status', 'Status', STATUSES),
      select('failure', 'Failure', FAILURES),
      text('room', 'Room', this.filter.room, 'exact name'),
      text('id', 'TokenID', '', 'ses_…'),
      h('button', { type: 'submit', className: 'primary', text: 'Find' }),
      h('button', { type: 'button', text: 'Clear', onclick: () => this.go('/console/sessions') }),
    );
  }

  apply() {
    const values = Object.fromEntries(
      ['status', 'failure', 'room', 'id'].map((name) => [name, $(`filter-${name}`).value.trim()]),
    );
    if (values.id !== '') {
      if (TOKEN_ID.test(values.id)) return this.go(`/console/sessions/${values.id}`);
      return this.refuse('A TokenID is ses_ followed by at least 22 letters and digits.');
    }
    if (values.failure !== '' && values.status !== '' && values.status !== 'failed') values.status = 'failed';
    this.go(`/console/sessions${query({ status: values.status, failure: values.failure, room: values.room })}`);
  }

  refuse(text) {
    $('list-problem').textContent = text;
    $('list-problem').hidden = text === '';
  }

  async refresh() {
    const items = [];
    let cursor;
    try {
      for (let page = 0; page < this.pages; page++) {
        const reply = await api(`/sessions${query({ ...this.filter, limit: PAGE, cursor })}`);
        items.push(...reply.items);
        cursor = reply.nextCursor;
        if (cursor === null) break;
      }
    } catch (error) {
      if (error.status === 401) throw error;
      if (!this.over) this.refuse(explain(error));
      return;
    }
    if (this.over) return;
    this.refuse('');
    this.show(items, cursor);
  }

  show(items, next) {
    const filtered = Object.values(this.filter).some((value) => value !== '');
    $('list-count').textContent = `${count(items.length)} shown${next ? ', there are more' : ''}, newest first`;
    show($('list'), items.length === 0 ? empty(filtered) : table(items));
    const redrivable =
      !this.me.readOnly && this.filter.room === '' && (this.filter.status === 'failed' || this.filter.failure !== '');
    const button = redrivable && items.length > 0 && h('button', { text: 'Retry all of these…', id: 'redrive' });
    show($('list-actions'), button);
    const made = $('redrive');
    if (made) made.onclick = () => this.redrive();
    show($('list-more'), next && h('button', { text: 'Show more', id: 'more' }));
    const more = $('more');
    if (more) {
      more.onclick = () => {
        this.pages++;
        return this.refresh();
      };
    }
  }

  async redrive() {
    let found;
    try {
      found = await api(`/redrive${query({ failure: this.filter.failure })}`);
    } catch (error) {
      return this.refuse(explain(error));
    }
    await ask({
      title: 'Retry failed sessions',
      facts: [
        ['Query', h('code', { text: found.query })],
        [
          'Sessions',
          `${count(found.count, 20_000)}, chat tokens included, that failed before `.concat(
            new Date(found.before).toLocaleTimeString(),
          ),
        ],
        ['Effect', 'Each goes back to pending with a new deadline, the oldest first. Each leads to a call of CAS.'],
        ['Same as', h('code', { text: found.command })],
      ],
      confirm: `Retry ${count(found.count, 20_000)}`,
      run: async (reason, say) => {
        let retried = 0;
        for (;;) {
          const reply = await api('/redrive', { body: { reason, failure: found.failure, before: found.before } });
          retried += reply.retried;
          say(`${count(retried)} of ${count(found.count, 20_000)} are pending again.`);
          if (reply.left === 0 || reply.retried === 0) break;
        }
        return `Done: ${count(retried)} of ${count(found.count, 20_000)} are pending again.`;
      },
    });
    await this.refresh();
  }
}

function empty(filtered) {
  return h('p', {
    className: 'empty',
    text: filtered ? 'No session matches these filters.' : 'No session has been opened yet.',
  });
}

function table(items) {
  const headings = ['TokenID', 'room', 'status', 'failure', 'created', 'by'];
  return h(
    'table',
    { className: 'list' },
    h('thead', {}, h('tr', {}, ...headings.map((text) => h('th', { scope: 'col', text })))),
    h(
      'tbody',
      {},
      ...items.map(({ id, room, generation, status, failure, createdAt, createdBy }) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, link(`/console/sessions/${id}`, { className: 'mono', text: id })),
          h(
            'td',
            { 'data-label': 'room' },
            room === null ? '–' : h('span', {}, room, h('span', { className: 'soft', text: ` #${generation}` })),
          ),
          h('td', { 'data-label': 'status' }, chip(status)),
          h('td', { 'data-label': 'failure', text: failure?.code ?? '–' }),
          h('td', { 'data-label': 'created' }, time(createdAt)),
          h('td', { 'data-label': 'by', className: 'mono by', text: createdBy }),
        ),
      ),
    ),
  );
}
