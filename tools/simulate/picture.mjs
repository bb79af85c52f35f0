// What the peak asks of each part, and rooms that wait, over time. Drawn by hand, as the picture of the benchmark.
const WIDTH = 860;
const HEIGHT = 300;
const TOP = 60;
const BOTTOM = 256;
const BARS = { from: 130, full: 240 };
const PLOT = { from: 500, to: 840 };
const COLOURS = { enough: '#2e7d4f', short: '#b7791f', text: '#1f2933', faint: '#66727f', line: '#c5ccd3' };

/** `parts` are those of advice.mjs, `results` two runs: as it starts, and enlarged. */
export function picture(title, parts, [small, large]) {
  const most = Math.max(1, ...parts.map(({ demand }) => demand));
  const scale = (demand) => Math.max(1, Math.round((demand / most) * BARS.full));
  const end = Math.max(small.seconds, large.seconds);
  const highest = Math.max(1, small.mostPending, large.mostPending);
  const line = ({ backlog }) =>
    [{ at: 0, pending: 0 }, ...backlog]
      .map(({ at, pending }) => {
        const x = PLOT.from + (Math.min(at, end) / end) * (PLOT.to - PLOT.from);
        return `${x.toFixed(1)},${(BOTTOM - (pending / highest) * (BOTTOM - TOP)).toFixed(1)}`;
      })
      .join(' ');
  const number = (n) => Math.round(n).toLocaleString('en-US');
  const fullAt = BARS.from + scale(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13">
  <title>${title}: what the peak asks of each part, and pending rooms over time</title>
  <rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#ffffff"/>
  <text x="16" y="24" font-size="15" font-weight="600" fill="${COLOURS.text}">${title}: the peak, against 2 gateways and 2 workers</text>
  <text x="16" y="42" font-size="11" fill="${COLOURS.faint}">beyond the dashed line a part cannot keep up. npm run simulate</text>
${parts
  .map(({ part, demand }, i) => {
    const y = TOP + i * 34;
    return `  <text x="16" y="${y + 17}" fill="${COLOURS.text}">${part}</text>
  <rect x="${BARS.from}" y="${y + 4}" width="${scale(demand)}" height="18" rx="2" fill="${demand > 1 ? COLOURS.short : COLOURS.enough}"/>
  <text x="${BARS.from + scale(demand) + 6}" y="${y + 17}" fill="${COLOURS.text}">${number(demand * 100)} %</text>`;
  })
  .join('\n')}
  <path d="M${fullAt} ${TOP - 4}V${TOP + parts.length * 34}" stroke="${COLOURS.text}" stroke-dasharray="3 3"/>
  <text x="${PLOT.from}" y="42" font-size="11" fill="${COLOURS.faint}">pending rooms, at most ${number(highest)}, over ${number(end)} s</text>
  <path d="M${PLOT.from} ${TOP}V${BOTTOM}H${PLOT.to}" fill="none" stroke="${COLOURS.line}"/>
  <polyline points="${line(small)}" fill="none" stroke="${COLOURS.short}" stroke-width="2"/>
  <polyline points="${line(large)}" fill="none" stroke="${COLOURS.enough}" stroke-width="2"/>
  <text x="${PLOT.from}" y="${BOTTOM + 20}" fill="${COLOURS.short}">as it starts</text>
  <text x="${PLOT.from + 110}" y="${BOTTOM + 20}" fill="${COLOURS.enough}">enlarged</text>
</svg>
`;
}
