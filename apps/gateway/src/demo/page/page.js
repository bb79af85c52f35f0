// The watch page: a client of the public API like any other.
import {
  closeSession,
  developmentKey,
  hasCredential,
  isGuest,
  openRoom,
  retrySession,
  rotateSession,
  ticketInLink,
  useCredential,
} from './api.js';
import { $, say, showIf } from './dom.js';
import { follow, hasEnded } from './follow.js';
import { clearProblem, showProblem } from './problem.js';
import { roomFault } from './room.js';
import { join } from './sdk.js';
import { leaveSeat, followPageVisits, seatsChanged, showSeat, takeOffer, takeSeatFromForm } from './seat.js';
import { showCountdown, showSession } from './session-view.js';
import { copyLink, renewShare, setAddress, setNetworkOrigin, sharedId } from './share.js';

const INVITED = 'You were invited: this window gets exactly the same token as all others.';
const INVITATION_OVER = 'The session that you were invited to has ended.';
const PRODUCTS = ['stream', 'sync'];
/** As in the style sheet. */
const NARROW = window.matchMedia('(width < 56rem)');

let current;
let following = new AbortController();
let connectionLost = false;
/** The session that the current one went on as. */
let successor;
let sdkUrl = null;
let sdkIntegrity = null;

async function start() {
  const config = await fetch('/demo/config.json', { cache: 'no-store' })
    .then((response) => response.json())
    .catch(() => ({ sdkUrl: null, sdkIntegrity: null, docs: false, networkOrigin: null }));
  sdkUrl = config.sdkUrl;
  sdkIntegrity = config.sdkIntegrity;
  setNetworkOrigin(config.networkOrigin);
  showIf(config.docs, $('docs'));
  showIf(sdkUrl === null, $('no-sdk'));
  showIf(sdkUrl !== null, $('join-form'));
  const key = await developmentKey();
  if (key !== null) {
    useCredential(key);
    noteKey('Development key in use');
  } else if (ticketInLink() !== null && sharedId() !== null) {
    useCredential(ticketInLink());
    becomeGuest();
  }
  listen();
  followPageVisits();
  setInterval(showCountdown, 1000);
  if (hasCredential()) joinShared();
  else askForKey();
}

function listen() {
  const onSubmit = (id, act) =>
    $(id).addEventListener('submit', (event) => {
      event.preventDefault();
      void attempt(act);
    });
  const onClick = (id, act) => $(id).addEventListener('click', () => void attempt(act));
  onSubmit('key-form', takeKey);
  onSubmit('open-form', open);
  onSubmit('join-form', watch);
  onClick('close', async () => {
    await closeSession(current.id);
    $('session-title').focus();
  });
  onClick('rotate', () => confirmRotation($('rotation').hidden));
  onClick('rotate-not', () => {
    confirmRotation(false);
    $('rotate').focus();
  });
  onClick('rotate-now', rotate);
  $('rotation').addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') $('rotate-not').click();
  });
  onSubmit('seat-form', takeSeatFromForm);
  onClick('seat-offer', takeOffer);
  onClick('leave-seat', leaveSeat);
  onClick('another', renewShare);
  for (const id of ['for-room', 'for-session']) $(id).addEventListener('change', () => void attempt(renewShare));
  onClick('retry', async () => shown(await retrySession(current.id)));
  onClick('copy', copyLink);
}

/** Runs a user's action: clears the previous problem and shows a new one. */
async function attempt(act) {
  clearProblem();
  try {
    await act();
  } catch (error) {
    failed(error);
  }
}

// Another link in the same tab changes the fragment alone.
window.addEventListener('hashchange', () => location.reload());

function failed(error) {
  showProblem(error);
  if (error.status !== 401) return;
  if (isGuest()) say($('intro'), 'This link has expired. Ask for a new one.');
  else askForKey();
}

// ---- the key --------------------------------------------------------------------------------------------------------

function noteKey(text) {
  $('key-note').textContent = text;
  showIf(text !== '', $('key-note'));
}

/** @param reason what it is needed for; nothing on a page that was just opened */
function askForKey(reason = '') {
  useCredential(null);
  noteKey('');
  showIf(true, $('key'));
  say($('key-fault'), reason);
  showIf(reason !== '', $('key-fault'));
  if (reason === '') $('key-title').focus();
  else $('key-field').focus();
}

function takeKey() {
  const value = $('key-field').value.trim();
  if (value === '') return $('key-field').focus();
  useCredential(value);
  $('key-field').value = '';
  say($('key-fault'), '');
  showIf(false, $('key-fault'));
  showIf(false, $('key'));
  noteKey('Your key, in memory only');
  if (current === undefined) joinShared();
  else followOn(current.id);
  if (sharedId() === null) $('room').focus();
  return undefined;
}

/** A guest, who has followed a link with a ticket, sees the session and nothing that takes a key. */
function becomeGuest() {
  document.body.dataset.guest = '';
  showIf(false, $('form'), $('empty'));
  // A guest takes a seat first, and shares later.
  $('details').after($('share'));
  say($('intro'), INVITED);
  noteKey('Invited by link');
}

// ---- the session ----------------------------------------------------------------------------------------------------

async function open() {
  const room = $('room').value;
  const products = PRODUCTS.filter((name) => $(name).checked);
  const fault = roomFault(room);
  say($('room-fault'), fault ?? '');
  showIf(fault !== undefined, $('room-fault'));
  $('room').setAttribute('aria-invalid', String(fault !== undefined));
  showIf(products.length === 0, $('products-fault'));
  if (fault !== undefined) return $('room').focus();
  if (products.length === 0) return $('stream').focus();
  if (!hasCredential())
    return askForKey('Opening a room takes an API key. Enter one, or use the link that npm start has printed.');

  $('open').setAttribute('aria-busy', 'true');
  try {
    const session = await openRoom(room, products);
    shown(session);
    followOn(session.id);
    $('session-title').focus();
  } finally {
    $('open').removeAttribute('aria-busy');
  }
  return undefined;
}

/** Opened from a shared link: the TokenID is enough. */
function joinShared() {
  const id = sharedId();
  if (id !== null && id !== '') followOn(id);
}

function followOn(id) {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  follow(id, { show: shown, seats: seatsChanged, lost, signal }).catch(failed);
}

function shown(session) {
  if (connectionLost) clearProblem();
  connectionLost = false;
  const isNew = session.id !== current?.id;
  if (isNew) begin(session);
  if (isGuest()) say($('intro'), hasEnded(session) && session.successor === undefined ? INVITATION_OVER : INVITED);
  current = session;
  showSession(session);
  showSeat(session);
  // Gives keyboard and screen-reader users a starting point.
  if (isNew && document.activeElement === document.body) $('session-title').focus();
  // A guest has nothing but the link: a reload tells how the session ended, or where it goes on.
  setAddress(hasEnded(session) && !isGuest() ? undefined : session.id);
  document.title = `${session.room ?? 'Session'} · ${session.status}`;
  // It was rotated, or its room opened again: everyone who may goes on in the newer session.
  if (session.successor !== undefined) goOnIn(session.successor);
}

function goOnIn(id) {
  successor = id;
  followOn(id);
}

// ---- rotation -------------------------------------------------------------------------------------------------------

function confirmRotation(asked) {
  showIf(asked, $('rotation'));
  $('rotate').setAttribute('aria-expanded', String(asked));
  if (asked) $('rotation-title').focus();
}

async function rotate() {
  confirmRotation(false);
  const next = await rotateSession(current.id);
  // The events of the old session may have been quicker.
  if (current.id !== next.id) {
    successor = next.id;
    shown(next);
    followOn(next.id);
  }
  $('session-title').focus();
}

/** Another session than the one before, if there was one. */
function begin({ id, room, products, status }) {
  if (room) fillIn({ room, products });
  // A phone has no room for both.
  if (NARROW.matches) $('open-card').open = hasEnded({ status });
  confirmRotation(false);
  say($('moved'), id === successor ? 'The room went on here, in its next session: the token is another one.' : '');
  if ($('joined').textContent !== '') say($('joined'), 'Join again: the token is another one.');
}

/** Reopening from a link means this room. */
function fillIn({ room, products }) {
  $('room').value = room;
  for (const name of PRODUCTS) $(name).checked = products.includes(name);
}

function lost(problem) {
  connectionLost = true;
  showProblem(problem);
}

// ---- the SDK --------------------------------------------------------------------------------------------------------

async function watch() {
  say($('joined'), 'Joining …');
  try {
    await join(
      { url: sdkUrl, integrity: sdkIntegrity },
      current.tokens.stream ?? current.tokens.sync,
      $('name').value.trim() || 'guest',
    );
    say($('joined'), 'Joined.');
  } catch (error) {
    say($('joined'), `Not joined: ${error.message}`);
  }
}

await start();
