import { h, show } from './dom.js';
import { count, seconds, time } from './format.js';

const HEADINGS = ['products', 'ready', 'target', 'being minted', 'oldest', 'schedule'];

/** The warm pool: what it holds beside what it is to hold, and what its schedule does next. Hidden without a pool. */
export function showPool(place, pool) {
  place.hidden = !pool || (pool.levels.length === 0 && pool.schedule.length === 0);
  if (place.hidden) return;
  show(
    place,
    h('h2', { id: 'pool-title', text: 'Warm pool' }),
    h(
      'div',
      { className: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Warm pool' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...HEADINGS.map((text) => h('th', { scope: 'col', text })))),
        h('tbody', {}, ...pool.levels.map((level) => row(level, pool.schedule))),
      ),
    ),
  );
}

function row({ products, level, target, minting, oldestS }, schedule) {
  const low = level < target / 2;
  return h(
    'tr',
    {},
    h('th', { scope: 'row', text: products.join(' and ') }),
    h('td', {}, count(level), low && h('span', { className: 'chip warn', text: 'low' })),
    h('td', { text: count(target) }),
    h('td', { text: count(minting) }),
    h('td', { text: seconds(oldestS) }),
    h('td', {}, next(products, schedule)),
  );
}

/** The entry of the schedule that is under way, or begins next. */
function next(products, schedule) {
  const [entry] = schedule
    .filter((one) => one.products.join() === products.join() && Date.parse(one.until) > Date.now())
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  if (entry === undefined) return '–';
  const begun = Date.parse(entry.at) <= Date.now();
  return [`${count(entry.target)} `, begun ? 'until ' : 'from ', time(begun ? entry.until : entry.at)];
}
