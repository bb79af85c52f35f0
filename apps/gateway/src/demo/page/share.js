import { isGuest, issueTicket, Problem, ticketInLink } from './api.js';
import { $, say, showIf } from './dom.js';
import qrcode from './qrcode.js';

const SVG = 'http://www.w3.org/2000/svg';
/** Quiet zone around the QR code, in modules. */
const QUIET = 4;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const isLoopback = LOOPBACK.includes(location.hostname);
/** How long a link is good for, and when the next one is made. */
const TICKET_S = 3600;
const RENEW_MS = 0.9 * TICKET_S * 1000;

/** The address of this server for other devices, if this page was opened by one that only this machine has. */
let networkOrigin = null;
/** What the current link is for, and when it was made. */
let linked = { place: null, at: 0 };
let shared;
let renewal;

/** @param origin where other devices in the network reach this server; null if they do not */
export function setNetworkOrigin(origin) {
  networkOrigin = isLoopback ? origin : null;
}

/** The TokenID in this page's address. */
export const sharedId = () => new URLSearchParams(location.search).get('session');

const pathOf = (id) => `/demo?session=${encodeURIComponent(id)}`;

/** Keeps the URL in sync, so that a reload finds the session again. The ticket of a guest stays in it. */
export function setAddress(id) {
  const ticket = isGuest() ? `#ticket=${ticketInLink()}` : '';
  history.replaceState(null, '', id === undefined ? `/demo${ticket}` : `${pathOf(id)}${ticket}`);
}

/** Shows the link to a session. It carries a ticket: the key of this page is for this page alone. */
export async function showShare(session) {
  shared = session;
  showIf(session !== undefined, $('share'));
  clearTimeout(renewal);
  if (session === undefined) return;
  renewal = setTimeout(() => void showShare(session), RENEW_MS);
  showIf(session.room !== null && !isGuest(), $('link-for'));
  showIf(!isGuest(), $('another'));
  const place = `${session.id} ${isForRoom(session) ? 'room' : 'session'}`;
  if (linked.place === place && Date.now() - linked.at < RENEW_MS) return;
  linked = { place, at: Date.now() };
  showLink('');
  say($('link-hint'), 'Making a link …');
  const { ticket, hint } = isGuest() ? { ticket: ticketInLink(), hint: 'Your own link.' } : await newTicket(session);
  // Another session may be shown by now.
  if (linked.place !== place) return;
  showLink(`${networkOrigin ?? location.origin}${pathOf(session.id)}${ticket === null ? '' : `#ticket=${ticket}`}`);
  say($('link-hint'), `${hint} ${whereItLeads()}`.trim());
}

/** Guests with a ticket for the room move along when it is rotated; the others stay behind. */
const isForRoom = ({ room }) => room !== null && $('for-room').checked;

/** Another link of the same kind: each ticket stands for one person, who can take a few seats only. */
export function renewShare() {
  linked = { place: null, at: 0 };
  return showShare(shared);
}

async function newTicket(session) {
  const forRoom = isForRoom(session);
  try {
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    const { ticket, expiresAt } = await issueTicket(
      session,
      { subject: `guest-${number}`, ttlS: TICKET_S },
      { forRoom },
    );
    const until = new Date(expiresAt).toLocaleTimeString([], { timeStyle: 'short' });
    const what = forRoom ? 'this room' : 'this session only';
    return {
      ticket,
      hint: `It carries a ticket for ${what}, good until ${until}: no key, and no token. Four windows can sit with it.`,
    };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (shared?.id === session.id) linked.at = 0;
    const why = error.status === 403 ? 'this key lacks the scope tickets:issue' : error.message;
    return { ticket: null, hint: `Without a ticket (${why}): guests need a key of their own.` };
  }
}

function whereItLeads() {
  if (networkOrigin !== null) return `It leads to ${new URL(networkOrigin).host}, for devices in the same network.`;
  return isLoopback ? 'It leads to this machine: start with HOST=0.0.0.0 to share it with other devices.' : '';
}

function showLink(link) {
  $('link').value = link;
  if (link === '') $('second').removeAttribute('href');
  else $('second').href = link;
  $('qr').replaceChildren(...(link === '' ? [] : [qrOf(link)]));
}

export async function copyLink() {
  const field = $('link');
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    say($('copied'), 'Copied.');
  } catch {
    say($('copied'), 'Selected: copy it with the keyboard.');
  }
}

function qrOf(text) {
  const code = qrcode(0, 'L');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  let path = '';
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  const svg = document.createElementNS(SVG, 'svg');
  const size = count + 2 * QUIET;
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'QR code of the link');
  svg.setAttribute('shape-rendering', 'crispEdges');
  const modules = document.createElementNS(SVG, 'path');
  modules.setAttribute('d', path);
  svg.append(modules);
  return svg;
}
