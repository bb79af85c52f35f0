import { $, h, link, show } from './dom.js';
import { clock, duration, since, time, withTimes } from './format.js';

const LEVELS = { bad: 'Trouble', warn: 'Attention', note: 'All well', ok: 'All well' };

/** When the gateway stopped answering this page, in ms; null while it answers. */
let silentSince = null;

/** One sentence on top of every page: what is wrong, since when, what is done about it, and what was wrong last. */
export function showHeadline({ troubles, last, watchedSince }) {
  silentSince = null;
  const [worst, ...others] = troubles.filter(({ level }) => level !== 'note');
  const notes = troubles.filter(({ level }) => level === 'note');
  const level = worst?.level ?? 'ok';
  const sentence =
    worst === undefined
      ? [h('strong', { text: 'All well.' }), ' ', ...lastTrouble(last, watchedSince)]
      : [...wrong(worst), ' ', ...withTimes(worst.doing), ...more(worst)];
  render(level, sentence, [
    ...others.map((one) => [...wrong(one), ' ', ...withTimes(one.doing), ...more(one)]),
    ...notes.map((one) => [`${one.what}. `, ...withTimes(one.doing), ...more(one)]),
    ...(worst === undefined || last === null ? [] : [lastTrouble(last, watchedSince)]),
  ]);
  document.title = worst === undefined ? 'Console · WatchTogether' : `${worst.what} · Console`;
}

function wrong({ what, since: from }) {
  return [h('strong', {}, what, ' since ', time(from), ` (${since(from)}).`)];
}

function more({ link: place }) {
  return place === undefined ? [] : [' ', link(place, { text: place.startsWith('#') ? 'Processes' : 'Show them' })];
}

function lastTrouble(last, watchedSince) {
  if (last === null) return ['No trouble since ', time(watchedSince), ', when this gateway began to watch.'];
  const took = duration(Date.parse(last.until) - Date.parse(last.since));
  return [`Last trouble: ${last.past}, `, time(last.since), ' to ', time(last.until), ` (${took}).`];
}

/** While nothing can be read. @param seenAt when the page was filled last, ISO 8601, or null */
export function showSilence(error, seenAt) {
  silentSince ??= Date.now();
  const what =
    error.code === 'unavailable' ? 'The database does not answer' : 'This gateway does not answer the console';
  const doing =
    error.code === 'unavailable'
      ? 'Requests that need it are answered with 503; sessions that were acknowledged are stored, and go on when it is back.'
      : 'It may be stopped or restarting, or the network to it is down. The console tries again every few seconds.';
  const shown = seenAt === null ? [] : [' What is shown below is of ', time(seenAt), '.'];
  const from = new Date(silentSince).toISOString();
  const sentence = [h('strong', {}, what, ' since ', time(from), ` (${since(from)}).`), ` ${doing}`, ...shown];
  render('bad', sentence, []);
  document.title = `${what} · Console`;
}

function render(level, sentence, others) {
  const place = $('headline');
  place.dataset.level = level;
  show(
    $('headline-text'),
    h('p', {}, h('span', { className: 'level', text: LEVELS[level] }), ' ', ...sentence),
    others.length > 0 && h('ul', {}, ...others.map((one) => h('li', {}, ...one))),
  );
}

/** Said to screen readers when it changes, and not with every second. */
export function announce({ troubles }) {
  const worst = troubles.find(({ level }) => level !== 'note');
  const text = worst === undefined ? 'All well.' : `${worst.what} since ${clock(worst.since)}.`;
  if ($('announcer').textContent !== text) $('announcer').textContent = text;
}
