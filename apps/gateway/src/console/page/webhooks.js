import { api, explain, query } from './api.js';
import { ask } from './dialog.js';
import { $, h, link, show } from './dom.js';
import { duration, time } from './format.js';

/** The endpoints of webhooks; or one of them, with what was sent to it. */
export class Webhooks {
  constructor(place, { address, me }) {
    const [, , , id] = address.pathname.split('/');
    this.id = id === undefined || id === '' ? null : decodeURIComponent(id);
    this.status = address.searchParams.get('status') ?? '';
    this.me = me;
    this.pages = 1;
    place.replaceChildren(
      ...(this.id === null
        ? [h('h1', { text: 'Webhooks' })]
        : [
            h('nav', { className: 'crumbs', 'aria-label': 'Back' }, link('/console/webhooks', { text: 'Webhooks' })),
            h('h1', { id: 'webhook-title', text: this.id }),
          ]),
      h('p', { className: 'problem', id: 'webhook-problem', role: 'alert', hidden: true }),
      h('p', { className: 'notice', id: 'webhook-notice', role: 'status', hidden: true }),
      h('div', { id: 'webhook-list' }, h('p', { className: 'empty', text: 'Loading…' })),
      h('div', { className: 'more', id: 'webhook-more' }),
    );
  }

  end() {
    this.over = true;
  }

  async refresh() {
    try {
      if (this.id === null) {
        const { items } = await api('/webhooks');
        if (!this.over) show($('webhook-list'), items.length === 0 ? none() : endpoints(items));
      } else await this.refreshDeliveries();
      if (!this.over) say('webhook-problem', '');
    } catch (error) {
      if (error.status === 401) throw error;
      if (!this.over) say('webhook-problem', explain(error));
    }
  }

  async refreshDeliveries() {
    const items = [];
    let cursor;
    let webhook;
    for (let page = 0; page < this.pages; page++) {
      const reply = await api(
        `/webhooks/${encodeURIComponent(this.id)}/deliveries${query({ status: this.status, limit: 50, cursor })}`,
      );
      items.push(...reply.items);
      ({ webhook } = reply);
      cursor = reply.nextCursor;
      if (cursor === null) break;
    }
    if (this.over) return;
    $('webhook-title').textContent = webhook.url;
    const key = JSON.stringify([items, webhook]);
    if (key === this.shown) return;
    this.shown = key;
    const replay = this.me.readOnly || !webhook.enabled ? null : (one) => this.replay(one);
    $('webhook-list').replaceChildren(
      h('p', { className: 'soft' }, ...describe(webhook)),
      h(
        'nav',
        { className: 'tabs', 'aria-label': 'Deliveries by status' },
        ...['', 'pending', 'delivered', 'failed'].map((status) =>
          link(`/console/webhooks/${this.id}${query({ status })}`, {
            text: status || 'all',
            'aria-current': status === this.status ? 'page' : null,
          }),
        ),
      ),
      items.length === 0
        ? h('p', { className: 'empty', text: 'Nothing was sent to this endpoint.' })
        : h('ol', { className: 'deliveries' }, ...items.map((one) => delivery(one, replay))),
    );
    const more = h('button', { text: 'Show more', onclick: () => ((this.pages += 1), this.refresh()) });
    $('webhook-more').replaceChildren(...(cursor ? [more] : []));
  }

  async replay(one) {
    await ask({
      title: 'Send this delivery again',
      facts: [
        ['Delivery', h('code', { text: one.id })],
        ['Event', one.type],
        [
          'What happens',
          'It is sent again within a second, with the same webhook-id, and tried as often as a new one.',
        ],
      ],
      confirm: 'Send again',
      run: async (reason) => {
        await api(`/webhooks/${this.id}/deliveries/${one.id}/replay`, { body: { reason } }).catch((error) => {
          throw new Error(explain(error));
        });
        say('webhook-notice', `${one.id} is sent again, with the same webhook-id.`);
        return null;
      },
    });
    await this.refresh();
  }
}

function say(place, text) {
  if ($(place).textContent !== text) $(place).textContent = text;
  $(place).hidden = text === '';
}

function none() {
  return h('p', { className: 'empty', text: 'There is no webhook. Customers create them with POST /v1/webhooks.' });
}

function endpoints(items) {
  return h(
    'table',
    { className: 'list' },
    h(
      'thead',
      {},
      h('tr', {}, ...['endpoint', 'events', 'state', 'failing since'].map((text) => h('th', { scope: 'col', text }))),
    ),
    h(
      'tbody',
      {},
      ...items.map((one) =>
        h(
          'tr',
          {},
          h(
            'th',
            { scope: 'row' },
            link(`/console/webhooks/${one.id}`, { text: one.url }),
            one.description && h('span', { className: 'soft block', text: one.description }),
          ),
          h('td', { 'data-label': 'events', text: one.types.join(', ') }),
          h('td', { 'data-label': 'state' }, state(one)),
          h('td', { 'data-label': 'failing since' }, one.failingSince ? time(one.failingSince) : '–'),
        ),
      ),
    ),
  );
}

function state({ enabled, disabledReason, failingSince }) {
  if (!enabled) return h('span', { className: 'chip bad', text: `disabled: ${disabledReason}` });
  return failingSince
    ? h('span', { className: 'chip warn', text: 'failing' })
    : h('span', { className: 'chip status-ready', text: 'enabled' });
}

function describe(webhook) {
  return [
    state(webhook),
    ` ${webhook.types.join(', ')}`,
    webhook.roomPrefix === null ? '' : `, rooms that begin with ${webhook.roomPrefix}`,
  ];
}

function delivery(one, replay) {
  const { id, type, session, status, createdAt, nextAttemptAt, attempts } = one;
  const tone = { delivered: 'status-ready', failed: 'bad', pending: 'status-pending' }[status] ?? '';
  return h(
    'li',
    { className: 'card' },
    h(
      'div',
      { className: 'bar' },
      h(
        'p',
        {},
        h('strong', { text: type }),
        ' ',
        h('span', { className: `chip ${tone}`, text: status }),
        ' ',
        time(createdAt),
        session && h('span', {}, ' · ', link(`/console/sessions/${session}`, { className: 'mono', text: session })),
      ),
      replay && h('button', { text: 'Send again…', 'aria-label': `Send again: ${id}`, onclick: () => replay(one) }),
    ),
    attempts.length === 0
      ? h('p', { className: 'soft', text: 'Not tried yet.' })
      : h(
          'ol',
          { className: 'attempts' },
          ...attempts.map((one) =>
            h(
              'li',
              {},
              time(one.at),
              h('span', { text: one.status === null ? `no reply: ${one.error ?? 'unknown'}` : `HTTP ${one.status}` }),
              h('span', { className: 'soft', text: duration(one.durationMs) }),
              one.reply && h('code', { text: one.reply }),
            ),
          ),
        ),
    nextAttemptAt && h('p', { className: 'soft' }, 'Next attempt at ', time(nextAttemptAt)),
    h('p', { className: 'soft mono', text: id }),
  );
}
