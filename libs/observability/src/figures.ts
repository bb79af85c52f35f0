import type { Registry } from 'prom-client';

/** A metric of the registry, and how much of it is reported. */
export interface FigureSpec {
  metric: string;
  /** The label by which it is split; all others are summed. */
  by?: string;
  /** For a histogram: its count alone. */
  countOnly?: boolean;
}

/** A histogram: cumulative counts for the upper bounds `le` (the last, infinity, is left out), and in all. */
export interface HistogramFigure {
  le: number[];
  n: number[];
  sum: number;
  count: number;
}

/** Metrics in a small form: `name`, or `name{value of the label}`. */
export interface Figures {
  values: Record<string, number>;
  histograms: Record<string, HistogramFigure>;
}

interface Sample {
  value: number;
  labels: Partial<Record<string, string | number>>;
  metricName?: string;
}

/**
 * Reads these metrics of a registry, and no other: gauges that ask the database when they are scraped are left alone unless
 * they are named.
 */
export async function readFigures(registry: Registry, specs: readonly FigureSpec[]): Promise<Figures> {
  const figures: Figures = { values: {}, histograms: {} };
  for (const spec of specs) {
    const found = await registry.getSingleMetric(spec.metric)?.get();
    if (found === undefined) continue;
    const samples = found.values as Sample[];
    if (String(found.type) === 'histogram') addHistogram(figures, spec, samples);
    else {
      for (const { value, labels } of samples) add(figures.values, nameOf(spec, labels), value);
    }
  }
  return figures;
}

function addHistogram({ values, histograms }: Figures, spec: FigureSpec, samples: readonly Sample[]): void {
  for (const { value, labels, metricName = '' } of samples) {
    const name = nameOf(spec, labels);
    if (spec.countOnly === true) {
      if (metricName.endsWith('_count')) add(values, name, value);
      continue;
    }
    const histogram = (histograms[name] ??= { le: [], n: [], sum: 0, count: 0 });
    if (metricName.endsWith('_sum')) histogram.sum += value;
    else if (metricName.endsWith('_count')) histogram.count += value;
    else addBucket(histogram, Number(labels.le), value);
  }
}

function addBucket({ le, n }: HistogramFigure, bound: number, value: number): void {
  if (!Number.isFinite(bound)) return;
  const place = le.indexOf(bound);
  if (place === -1) {
    le.push(bound);
    n.push(value);
  } else n[place] = (n[place] ?? 0) + value;
}

function add(values: Record<string, number>, name: string, value: number): void {
  values[name] = (values[name] ?? 0) + value;
}

function nameOf({ metric, by }: FigureSpec, labels: Sample['labels']): string {
  return by === undefined ? metric : `${metric}{${String(labels[by] ?? '')}}`;
}
