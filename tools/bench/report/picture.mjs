// The picture of a run: how far each figure is from its goal. Drawn by hand: the chart libraries of npm need a DOM, or
// weigh more than everything else that the benchmark uses, for a dozen bars.
import { goalOf, valueOf } from './table.mjs';

const WIDTH = 860;
const ROW = 34;
const TOP = 54;
const BARS_FROM = 470;
/** A bar that reaches its goal; twice the goal is the longest that is drawn. */
const GOAL = 150;
const LONGEST = 2;
const LONG_ENOUGH_FOR_TEXT = 105;
const COLOURS = { met: '#2e7d4f', missed: '#b7791f', text: '#1f2933', faint: '#66727f', line: '#c5ccd3' };

export function picture(results) {
  const rows = results.flatMap((result) => result.rows).filter(({ goal }) => goal !== null);
  const height = TOP + rows.length * ROW + 14;
  const goalAt = BARS_FROM + GOAL;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
  <title>Measured figures and their goals</title>
  <rect width="${WIDTH}" height="${height}" rx="6" fill="#ffffff"/>
  <text x="16" y="24" font-size="15" font-weight="600" fill="${COLOURS.text}">Measured, against the goal</text>
  <text x="${goalAt}" y="24" text-anchor="middle" fill="${COLOURS.faint}">goal</text>
  <text x="16" y="42" font-size="11" fill="${COLOURS.faint}">longer is better; a bar ends at twice the goal. npm run bench</text>
${rows.map((row, i) => bar(row, TOP + i * ROW)).join('\n')}
  <path d="M${goalAt} 30V${height - 10}" stroke="${COLOURS.text}" stroke-dasharray="3 3"/>
</svg>
`;
}

function bar(row, y) {
  const { label, value, goal, met } = row;
  const reached = goal.least === undefined ? goal.most / value : value / goal.least;
  const length = Math.round(Math.min(reached, LONGEST) * GOAL);
  const inside = length >= LONG_ENOUGH_FOR_TEXT;
  const [textAt, colour] = inside ? [BARS_FROM + 6, '#ffffff'] : [BARS_FROM + length + 6, COLOURS.text];
  return `  <g>
    <text x="16" y="${y + 18}" fill="${COLOURS.text}">${escaped(label)}</text>
    <rect x="${BARS_FROM}" y="${y + 5}" width="${length}" height="18" rx="2" fill="${met ? COLOURS.met : COLOURS.missed}"/>
    <text x="${textAt}" y="${y + 18}" font-weight="600" fill="${colour}">${escaped(valueOf(row))}</text>
    <text x="${WIDTH - 8}" y="${y + 18}" text-anchor="end" font-size="11" fill="${COLOURS.faint}">${escaped(goalOf(row))}</text>
  </g>`;
}

function escaped(text) {
  return text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
