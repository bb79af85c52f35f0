// This window's seat: a name and a place in the session, renewed while the page is open, and taken again in the room's
// next session.
import { freeSeat, isGuest, listSeats, Problem, renewSeat, takeSeat } from './api.js';
import { $, element, say, showIf } from './dom.js';
import { hasEnded } from './follow.js';
import { showProblem } from './problem.js';

/** Renewals in a lease: two in a row may fail before it ends. */
const RENEWALS = 3;
const RETRY_MS = 5000;
const ENDED = ['session-closed', 'session-expired', 'session-not-ready'];

/** The session on show, the seat that is held in it, and what to take again if it goes on elsewhere. */
let session;
let seat;
let wanted;
let taking = false;
let timer;
/** Names are for callers with `seats:read`, which no ticket has. */
let mayList = true;
let listing = false;
let listAgain = false;

/** Shows the seat in this state of the session, and takes it again in the next session of the room. */
export function showSeat(next) {
  const isNew = next.id !== session?.id;
  const goesOn = isNew && wanted !== undefined && next.room != null && next.room === session?.room;
  if (isNew && !goesOn) {
    // Another room was opened in this window.
    if (seat !== undefined && !hasEnded(session)) freeSeat(seat).catch(() => undefined);
    forget();
    say($('seat-says'), '');
    hideOffer();
  }
  if (isNew) {
    mayList = !isGuest();
    showCounts();
  }
  session = next;
  if (seat !== undefined && (seat.session !== next.id || hasEnded(next))) drop();
  if (hasEnded(next) && next.successor === undefined) forget();
  render();
  if (next.status !== 'ready' || seat !== undefined) return;
  if (goesOn || wanted !== undefined) void retake();
}

/** The number of seats that are held, as the session's events tell it. */
export function seatsChanged(counts) {
  showCounts(counts);
  if (mayList && session !== undefined) void showNames();
}

/** Takes the seat that the form asks for. */
export async function takeSeatFromForm() {
  const name = $('seat-name').value.trim();
  const role = $('as-viewer').checked ? 'viewer' : 'participant';
  if (name === '') offer('A seat needs a name.');
  else await take({ name, role });
  const next = seat !== undefined ? 'seat-title' : $('seat-offer').hidden ? 'seat-name' : 'seat-offer';
  $(next).focus();
}

/** Takes the name or the role that was offered instead. */
export async function takeOffer() {
  const { name, role } = $('seat-offer').dataset;
  $('seat-name').value = name;
  $(role === 'viewer' ? 'as-viewer' : 'as-participant').checked = true;
  await takeSeatFromForm();
}

export async function leaveSeat() {
  const left = seat;
  forget();
  render();
  say($('seat-says'), 'You left your seat. It is free.');
  $('seat-name').focus();
  if (left !== undefined) await freeSeat(left);
}

/** Frees the seat when the page is left, and takes it again if the browser brings the page back as it was. */
export function followPageVisits() {
  window.addEventListener('pagehide', () => {
    if (seat !== undefined) freeSeat(seat, { keepalive: true }).catch(() => undefined);
    drop();
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted && session !== undefined) showSeat(session);
  });
  // Browsers slow the timers of hidden pages down: the lease may have lapsed meanwhile.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && seat !== undefined) void renew();
  });
}

async function take({ name, role }) {
  const { id } = session;
  taking = true;
  hideOffer();
  say($('seat-says'), '');
  $('take-seat').setAttribute('aria-busy', 'true');
  try {
    const taken = await takeSeat(id, { name, role });
    if (session.id !== id) return void freeSeat(taken).catch(() => undefined);
    if (hasEnded(session)) return undefined;
    wanted = { name: taken.name, role };
    hold(taken);
    render();
    // The event may have come before the reply: now it is known which one is this window's.
    if (mayList) void showNames();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (!offerInstead(error.document, role) && !ENDED.includes(error.code)) throw error;
  } finally {
    taking = false;
    $('take-seat').removeAttribute('aria-busy');
  }
  return undefined;
}

/** Takes the same seat again: in the room's next session, or after its lease has lapsed. */
async function retake() {
  if (taking) return;
  const { name, role } = wanted;
  const { id } = session;
  // If another caller was quicker, the form has what is offered instead.
  $('seat-name').value = name;
  $(role === 'viewer' ? 'as-viewer' : 'as-participant').checked = true;
  try {
    await take({ name, role });
    if (seat !== undefined) return say($('seat-says'), `You sit again as “${seat.name}”.`);
    if (!$('seat-fault').hidden) forget();
    render();
    // It has gone on once more meanwhile.
    if (wanted !== undefined && session.id !== id && session.status === 'ready') return retake();
  } catch (error) {
    if (error.document?.retryable && error.status !== 429)
      later(() => wanted !== undefined && seat === undefined && void retake());
    else forget();
    render();
    showProblem(error);
  }
  return undefined;
}

async function renew() {
  const { id } = seat;
  try {
    const renewed = await renewSeat(seat);
    if (seat?.id === id) hold(renewed);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (seat?.id !== id) return;
    // Lapsed: this window was asleep, or offline.
    if (error.status === 404) drop();
    if (error.status === 404) await retake();
    else if (error.document.retryable) later(() => seat !== undefined && void renew());
    // The end of the session is told by its events; that of the credential has to be said.
    else if (!ENDED.includes(error.code)) {
      forget();
      render();
      showProblem(error);
    }
  }
}

function hold(next) {
  seat = next;
  $('name').value = next.name;
  later(() => seat !== undefined && void renew(), (next.leaseS * 1000) / RENEWALS);
}

function later(act, ms = RETRY_MS) {
  clearTimeout(timer);
  timer = setTimeout(act, ms);
}

/** The seat is gone, and may be taken again. */
function drop() {
  clearTimeout(timer);
  seat = undefined;
}

function forget() {
  drop();
  wanted = undefined;
}

// ---- what is shown --------------------------------------------------------------------------------------------------

function render() {
  const isReady = session.status === 'ready';
  showIf(isReady || wanted !== undefined, $('seat'));
  showIf(isReady && seat === undefined, $('seat-form'));
  showIf(seat !== undefined, $('seat-held'));
  showIf(isReady, $('sitting'));
  if (seat === undefined) {
    if (wanted !== undefined && !isReady)
      say($('seat-says'), `You sit as “${wanted.name}” again as soon as the room’s next session is ready.`);
    return;
  }
  $('seat-held-name').textContent = seat.name;
  $('seat-held-role').textContent = seat.role;
  say($('seat-says'), `The name is yours in this session while this window is open.`);
}

/** Offers another name or role with one click. Returns false if the problem is about neither. */
function offerInstead({ code, suggestion, detail, errors = [] }, role) {
  const name = $('seat-name').value.trim();
  if (code === 'name-taken')
    offer(`“${name}” is taken.`, suggestion && { name: suggestion, role, label: `Sit as “${suggestion}”` });
  else if (code === 'session-full') offer(`${detail}.`, { name, role: 'viewer', label: 'Sit as a viewer' });
  else if (code === 'validation-failed') offer(`The name ${errors[0]?.detail ?? 'is not valid'}.`);
  else return false;
  return true;
}

function offer(fault, instead) {
  say($('seat-fault'), fault);
  showIf(true, $('seat-fault'));
  // A name that is free is no fault of a session that is full.
  if (instead?.name !== $('seat-name').value.trim()) $('seat-name').setAttribute('aria-invalid', 'true');
  showIf(instead !== undefined, $('seat-offer'));
  if (instead === undefined) return;
  const { label, ...values } = instead;
  Object.assign($('seat-offer').dataset, values);
  $('seat-offer').textContent = label;
}

function hideOffer() {
  showIf(false, $('seat-fault'), $('seat-offer'));
  say($('seat-fault'), '');
  $('seat-name').removeAttribute('aria-invalid');
}

function showCounts({ participants, viewers } = { participants: 0, viewers: 0 }) {
  const counted = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;
  $('seat-counts').textContent = `${counted(participants, 'participant')}, ${counted(viewers, 'viewer')}`;
  showIf(!mayList, $('seat-names-hint'));
  if (participants + viewers === 0) $('seat-names').replaceChildren();
}

/** One request at a time; what changes meanwhile is asked for after it. */
async function showNames() {
  listAgain = listing;
  if (listing) return;
  listing = true;
  const { id } = session;
  try {
    const { items, nextCursor } = await listSeats(id);
    if (session.id !== id) return;
    const rows = items.map((one) =>
      element(
        'li',
        {},
        element('span', { className: 'who', text: one.name }),
        element('span', { className: 'role', text: one.id === seat?.id ? `${one.role}, you` : one.role }),
      ),
    );
    $('seat-names').replaceChildren(...rows, ...(nextCursor === null ? [] : [element('li', { text: '… and more' })]));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // Counts are enough for the others; after a failure the next change asks again.
    if (error.status === 403) mayList = false;
    showIf(!mayList, $('seat-names-hint'));
  } finally {
    listing = false;
    if (listAgain && mayList) void showNames();
  }
}
