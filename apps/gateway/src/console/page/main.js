import { api, ApiError, hasKey, query, useKey } from './api.js';
import { $, h } from './dom.js';
import { announce, showHeadline, showSilence } from './headline.js';
import { Overview } from './overview.js';
import { Queues } from './queues.js';
import { SessionPage } from './session.js';
import { Sessions } from './sessions.js';
import { Webhooks } from './webhooks.js';

const REFRESH_MS = 2000;
/** An hour. */
const KEPT_MS = 3_600_000;

let me = null;
let view = null;
let paused = false;
let series = { t: [] };
let state = null;
let seenAt = null;
let timer;

const VIEWS = { queues: Queues, webhooks: Webhooks };

function viewAt({ pathname }) {
  const [, , name, id] = pathname.split('/');
  if (name === 'sessions') return id ? SessionPage : Sessions;
  return VIEWS[name] ?? Overview;
}

/** Shows the view of the address, without loading the page anew. */
function go(address, { replace = false } = {}) {
  const url = new URL(address, location.href);
  if (url.pathname === location.pathname && url.search === location.search && url.hash !== '') {
    $(url.hash.slice(1))?.focus();
    return;
  }
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  render();
}

function render({ focus = true } = {}) {
  view?.end();
  const address = new URL(location.href);
  const View = viewAt(address);
  view = new View($('main'), { address, me, go });
  for (const item of document.querySelectorAll('#nav a')) {
    const isHere = item.dataset.view === (address.pathname.split('/')[2] ?? '');
    if (isHere) item.setAttribute('aria-current', 'page');
    else item.removeAttribute('aria-current');
  }
  if (focus) $('main').focus({ preventScroll: true });
  window.scrollTo(0, 0);
  void refresh({ forced: true });
}

function merge(later) {
  const [names, from] = [Object.keys(later), (later.t.at(-1) ?? series.t.at(-1) ?? 0) - KEPT_MS];
  const drop = series.t.findIndex((t) => t >= from);
  const start = drop === -1 ? series.t.length : drop;
  series = Object.fromEntries(names.map((name) => [name, [...(series[name] ?? []).slice(start), ...later[name]]]));
}

/** Reads what the page shows. The headline is on every page, so the overview is read by all of them. */
async function refresh({ forced = false } = {}) {
  clearTimeout(timer);
  if (me !== null && (forced || !(paused || document.hidden))) {
    try {
      state = await api(`/overview${query({ after: series.t.at(-1) })}`);
      merge(state.series);
      seenAt = state.now;
      showHeadline(state);
      announce(state);
      if (view instanceof Overview) view.update(state, series);
      else await view.refresh();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 || error.status === 403) return signIn(error.message);
      if (error.status !== 429) showSilence(error, seenAt);
    }
  }
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), REFRESH_MS);
}

/** Asks for a key, if the server needs one. */
async function start() {
  try {
    me = await api('/me');
  } catch (error) {
    if (error.status === 401 || error.status === 403) return signIn(hasKey() ? error.message : '');
    showSilence(error, null);
    timer = setTimeout(() => void start(), REFRESH_MS);
    return;
  }
  $('frame').hidden = false;
  $('sign-in').hidden = true;
  const who = me.operator === 'console' ? 'development, no key' : me.operator;
  $('who').replaceChildren(
    who,
    ...(me.readOnly ? [' ', h('span', { className: 'chip warn', text: 'read-only' })] : []),
  );
  render({ focus: false });
}

function signIn(problem) {
  clearTimeout(timer);
  view?.end();
  view = null;
  me = null;
  useKey(null);
  $('main').replaceChildren();
  $('frame').hidden = true;
  $('sign-in').hidden = false;
  $('sign-in-problem').textContent = problem === '' ? '' : `This key was not accepted: ${problem}.`;
  $('sign-in-problem').hidden = problem === '';
  $('key').focus();
}

$('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const given = $('key').value.trim();
  $('key').value = '';
  if (given === '') return;
  useKey(given);
  void start();
});

$('sign-out').addEventListener('click', () => {
  series = { t: [] };
  signIn('');
});

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  $('pause').textContent = paused ? 'Resume' : 'Pause';
  document.body.dataset.paused = String(paused);
  void refresh({ forced: !paused });
});

document.addEventListener('click', (event) => {
  const anchor = event.target.closest?.('a[data-link]');
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(anchor.getAttribute('href'));
});
document.addEventListener('visibilitychange', () => void refresh());
window.addEventListener('popstate', () => {
  if (me !== null) render();
});

void start();
