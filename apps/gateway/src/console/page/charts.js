import uPlot from './uplot.js';
import { h } from './dom.js';
import { count, rate, seconds } from './format.js';

const HEIGHT = 132;
const FORMATS = {
  count: (value) => count(value),
  rate: (value) => (value === null || value === undefined ? '–' : `${rate(value)}/s`),
  seconds,
};

/** A dash says what a color alone could not: dashed is the unfinished, or the slowest hundredth. */
const chart = (title, unit, hint, ...series) => ({ title, unit, hint, series });
const line = (name, label, color, options = {}) => ({ name, label, color, ...options });

export const CHARTS = [
  chart(
    'Sessions waiting and failed',
    'count',
    'Pending sessions wait for a token. Failed ones keep their room until they are retried or closed.',
    line('pending', 'pending', '--c-wait', { fill: true }),
    line('failed', 'failed', '--c-bad'),
  ),
  chart(
    'Opened and published',
    'rate',
    'Sessions per second: opened by clients, and made ready by workers.',
    line('opened', 'opened', '--c-1'),
    line('published', 'published', '--c-ok'),
  ),
  chart(
    'Time to ready',
    'seconds',
    'Of sessions that became ready within the last 30 s. The dashed line is the oldest that still waits: it is not over.',
    line('readyP50', 'half within', '--c-ok'),
    line('readyP99', '99 % within', '--c-1'),
    line('oldestS', 'oldest waiting, so far', '--c-wait', { dash: [3, 4], width: 2 }),
  ),
  chart(
    'Waiting and running',
    'seconds',
    'Waiting: until a worker takes the job. Running: the call of CAS.',
    line('waitP50', 'waiting, half', '--c-wait'),
    line('waitP99', 'waiting, 99 %', '--c-wait', { dash: [5, 4] }),
    line('casP50', 'running, half', '--c-1'),
    line('casP99', 'running, 99 %', '--c-1', { dash: [5, 4] }),
  ),
  chart(
    'Answers of CAS',
    'rate',
    'Calls per second that brought a token, and those that did not.',
    line('casOk', 'token', '--c-ok'),
    line('casFailed', 'no token', '--c-bad', { fill: true }),
  ),
  chart(
    'Connections',
    'count',
    'Clients that follow a session (SSE), and requests that are held until theirs is ready.',
    line('sse', 'SSE', '--c-1'),
    line('waits', 'held requests', '--c-wait'),
  ),
];

const pad = (number) => String(number).padStart(2, '0');
const hourMinute = (s) => {
  const date = new Date(s * 1000);
  const minute = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return date.getSeconds() === 0 ? minute : `${minute}:${pad(date.getSeconds())}`;
};

/** The charts of the overview: they share their cursor and their hour. */
export class Charts {
  constructor(place) {
    this.place = place;
    this.drawn = [];
    this.data = null;
    this.resizing = new ResizeObserver(() => this.resize());
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.onScheme = () => this.draw();
    this.scheme.addEventListener('change', this.onScheme);
    this.resizing.observe(place);
  }

  end() {
    this.resizing.disconnect();
    this.scheme.removeEventListener('change', this.onScheme);
    for (const { plot } of this.drawn) plot.destroy();
    this.drawn = [];
  }

  /** @param series columns by name, with `t` in ms */
  update(series) {
    this.data = series;
    if (this.drawn.length === 0) this.draw();
    else for (const { plot, spec, value } of this.drawn) this.fill(plot, spec, value);
  }

  draw() {
    if (this.data === null) return;
    for (const { plot } of this.drawn) plot.destroy();
    this.drawn = CHARTS.map((spec, place) => {
      const values = spec.series.map(() => h('dd'));
      const figure = h(
        'figure',
        { className: 'chart', 'aria-labelledby': `chart-${place}` },
        h(
          'figcaption',
          { id: `chart-${place}`, title: spec.hint },
          h('span', { className: 'chart-title', text: spec.title }),
        ),
        h(
          'dl',
          { className: 'legend' },
          ...spec.series.map((one, index) =>
            h(
              'div',
              {},
              h(
                'dt',
                {},
                h('span', { className: `swatch ${one.dash ? 'dashed' : ''}`, 'data-color': one.color }),
                one.label,
              ),
              values[index],
            ),
          ),
        ),
        h('p', { className: 'hint', text: spec.hint }),
      );
      const holder = h('div', { className: 'plot', 'aria-hidden': 'true' });
      figure.insertBefore(holder, figure.lastChild);
      if (this.place.children[place]) this.place.children[place].replaceWith(figure);
      else this.place.append(figure);
      const plot = new uPlot(options(spec, Math.max(holder.clientWidth, 200)), this.columns(spec), holder);
      this.fill(plot, spec, values);
      return { plot, spec, value: values, holder };
    });
  }

  fill(plot, spec, values) {
    plot.setData(this.columns(spec), false);
    const [t] = plot.data;
    const last = t.at(-1) ?? 0;
    // The hour, or what there is of it: a new gateway does not begin with an empty chart.
    plot.setScale('x', { min: Math.max(t[0] ?? last, last - 3600), max: Math.max(last, (t[0] ?? 0) + 60) });
    spec.series.forEach(({ name }, index) => {
      values[index].textContent = FORMATS[spec.unit](this.data[name].at(-1) ?? null);
    });
  }

  columns({ series }) {
    return [this.data.t.map((ms) => ms / 1000), ...series.map(({ name }) => this.data[name])];
  }

  resize() {
    for (const { plot, holder } of this.drawn) {
      const width = Math.max(holder.clientWidth, 200);
      if (plot.width !== width) plot.setSize({ width, height: HEIGHT });
    }
  }
}

function options({ unit, series }, width) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'console' }, drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: { time: true, auto: false },
      y: { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.15)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, values: (_plot, splits) => splits.map(hourMinute), size: 24 },
      { ...axis, space: 34, size: 54, values: (_plot, splits) => splits.map((v) => label(unit, v)) },
    ],
    series: [
      {},
      ...series.map(({ color: name, dash, fill, width: lineWidth = 1.5 }) => ({
        stroke: color(name),
        width: lineWidth,
        spanGaps: false,
        points: { show: false },
        ...(dash && { dash }),
        ...(fill && { fill: `${color(name)}22` }),
      })),
    ],
  };
}

function label(unit, value) {
  if (unit === 'seconds')
    return value === 0
      ? '0'
      : value < 1
        ? `${Math.round(value * 1000)} ms`
        : value < 120
          ? `${Number(value.toFixed(1))} s`
          : `${Math.round(value / 60)} min`;
  return unit === 'rate' ? rate(value).replace('.0', '') : Number.isInteger(value) ? count(value) : '';
}
