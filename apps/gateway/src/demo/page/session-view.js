import { isGuest, isGuestOfRoom, serverNow } from './api.js';
import { $, element, say, showIf } from './dom.js';
import { hasEnded } from './follow.js';
import { showShare } from './share.js';
import { claimsOf, fingerprintOf } from './token.js';

const timeOf = (iso) => new Date(iso).toLocaleTimeString();
/** Claims that are seconds since 1970. */
const TIMES = ['exp', 'iat', 'nbf'];

let shown;
let endedAt;

/** Renders the current session, if any. */
export function showSession(session) {
  if (session !== undefined && !(shown?.id === session.id && hasEnded(shown))) endedAt = serverNow();
  const tokensBefore = JSON.stringify(shown?.tokens);
  shown = session;
  showIf(session === undefined, $('empty'));
  showIf(session !== undefined, $('session'));
  const live = session !== undefined && !hasEnded(session);
  void showShare(live ? session : undefined);
  if (session === undefined) return;

  const { id, room, status, products, generation, tokens } = session;
  $('session').dataset.status = status;
  // An ended session shows nothing but its end.
  const known = session.version !== undefined;
  $('eyebrow').textContent = known && room !== null ? 'Room' : 'Session';
  $('session-title').textContent = room ?? (known ? 'Without a room' : 'Shared by link');
  $('token-id').textContent = id;
  $('products').textContent = products?.join(', ') ?? '–';
  $('generation').textContent = generation === undefined ? '–' : String(generation);
  showTimeline(session);
  showCountdown();
  say($('says'), sentenceFor(session));
  showIf(live && !isGuest(), $('close'));
  showIf(live && !isGuest() && room !== null, $('rotate'));
  if (!live) showIf(false, $('rotation'));
  $('session').toggleAttribute('data-left-behind', isLeftBehind(session));
  showIf(status === 'failed' && !isGuest(), $('retry'));
  showIf(status === 'ready' && tokens !== undefined, $('tokens'), $('player'));
  if (JSON.stringify(tokens) !== tokensBefore) void showTokens(tokens ?? {});
}

/** Not in a live region: it would be announced every second. */
export function showCountdown() {
  const ends = shown?.status === 'ready' ? Date.parse(shown.expiresAt ?? '') : NaN;
  showIf(!Number.isNaN(ends), $('remaining'));
  if (Number.isNaN(ends)) return;
  const left = Math.max(0, Math.ceil((ends - serverNow()) / 1000));
  const two = (n) => String(n).padStart(2, '0');
  $('countdown').textContent = `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
}

function sentenceFor(session) {
  const { status, failure, tokens } = session;
  switch (status) {
    case 'pending':
      return 'Pending: the token is being fetched.';
    case 'ready':
      return tokens === undefined
        ? `Ready. This ${isGuest() ? 'ticket' : 'key'} may not read tokens.`
        : 'Ready: everyone with the link gets this token.';
    case 'failed':
      return `Failed: ${failure?.detail ?? 'no token could be obtained.'}`;
    case 'closed':
      return `Closed for good: the token is erased. ${afterTheEnd(session)}`.trim();
    case 'expired':
      return `Expired: the token is erased. ${afterTheEnd(session)}`.trim();
    default:
      return status;
  }
}

/** A ticket for one session ends with it, whatever becomes of the room: the server tells its holder no more than that. */
const isLeftBehind = (session) => hasEnded(session) && isGuest() && !isGuestOfRoom();

/** What this window can and cannot do now. A window that moves on to the next session shows this for a moment only. */
function afterTheEnd({ room }) {
  if (!isGuest()) return room ? 'Opening the room again creates the next session.' : '';
  return isGuestOfRoom()
    ? 'Your link is for the room: once it is open again, reload this page to join.'
    : 'Your link was for this session only, and so was your seat. If the host has rotated it, the others went on without ' +
        'you, with another token: to join them, ask for a new link.';
}

function showTimeline({ status, version, createdAt, readyAt, expiresAt }) {
  const ended = status === 'closed' || status === 'expired';
  // What an ended session was before may be unknown, and it need not have been ready.
  const reached = [version !== undefined, Boolean(readyAt), ended];
  const failed = status === 'failed';
  const current = status === 'pending' ? 0 : ended ? 2 : 1;
  const words = [
    { step: 'Pending', at: createdAt },
    { step: failed ? 'Failed' : 'Ready', at: readyAt },
    {
      step: status === 'closed' ? 'Closed' : status === 'expired' ? 'Expired' : 'Closed or expired',
      at: status === 'expired' ? expiresAt : version !== undefined ? new Date(endedAt).toISOString() : null,
    },
  ];
  [...$('timeline').children].forEach((item, i) => {
    item.className = i === current ? 'current' : i < current && reached[i] ? 'done' : '';
    if (i === current) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
    item.querySelector('.step').textContent = words[i].step;
    item.querySelector('.when').textContent =
      words[i].at && (i === current || item.className === 'done') ? timeOf(words[i].at) : '';
  });
}

async function showTokens(tokens) {
  const cards = await Promise.all(Object.entries(tokens).map(([product, token]) => tokenCard(product, token)));
  $('tokens-title').textContent = cards.length > 1 ? 'The published tokens' : 'The published token';
  $('token-list').replaceChildren(...cards);
}

async function tokenCard(product, token) {
  const fingerprint = await fingerprintOf(token);
  const claims = claimsOf(token);
  const print = element('p', { className: 'fingerprint' });
  print.dataset.fingerprint = fingerprint;
  // Grouped for reading; copied as one word.
  print.append(...fingerprint.match(/.{4}/g).map((text) => element('span', { text })));
  const list = element('dl', { className: 'claims' });
  for (const [name, value] of Object.entries(claims ?? {})) {
    list.append(element('div', {}, element('dt', { text: name }), element('dd', { text: claimText(name, value) })));
  }
  const card = element(
    'article',
    { className: 'token' },
    element('h3', { text: product }),
    element('p', { className: 'eyebrow', text: 'Fingerprint' }),
    print,
    element('p', { className: 'eyebrow', text: 'Claims, not verified here' }),
    claims === undefined ? element('p', { className: 'hint', text: 'This token cannot be decoded.' }) : list,
  );
  card.dataset.product = product;
  return card;
}

function claimText(name, value) {
  if (TIMES.includes(name) && typeof value === 'number') {
    const date = new Date(value * 1000);
    const today = date.toDateString() === new Date().toDateString();
    return `${value} · ${today ? date.toLocaleTimeString() : date.toLocaleString()}`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
