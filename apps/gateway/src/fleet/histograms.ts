import type { HistogramFigure } from '@app/observability';

export const EMPTY: HistogramFigure = { le: [], n: [], sum: 0, count: 0 };

/** What was added since an earlier reading. A process that began anew counts from 0. */
export function risenHistogram(now: HistogramFigure, before: HistogramFigure | undefined): HistogramFigure {
  if (before === undefined || before.count > now.count || before.le.length !== now.le.length) return now;
  return {
    le: now.le,
    n: now.n.map((value, place) => value - (before.n[place] ?? 0)),
    sum: now.sum - before.sum,
    count: now.count - before.count,
  };
}

/** Histograms of processes with the same bounds, together. Those with other bounds, of another release, are left out. */
export function sumOf(histograms: readonly HistogramFigure[]): HistogramFigure {
  const some = histograms.filter(({ count }) => count > 0);
  const [first] = some;
  if (first === undefined) return EMPTY;
  const same = some.filter(({ le }) => le.join() === first.le.join());
  return {
    le: first.le,
    n: first.n.map((_, place) => same.reduce((sum, { n }) => sum + (n[place] ?? 0), 0)),
    sum: same.reduce((sum, one) => sum + one.sum, 0),
    count: same.reduce((sum, one) => sum + one.count, 0),
  };
}

/**
 * A quantile, interpolated within its bucket as Prometheus does; null of nothing. Beyond the last bound it is that bound.
 */
export function quantile(q: number, { le, n, count }: HistogramFigure): number | null {
  if (count <= 0) return null;
  const rank = q * count;
  const place = n.findIndex((cumulative) => cumulative >= rank);
  if (place === -1) return le.at(-1) ?? null;
  const upper = le[place] ?? 0;
  const lower = place === 0 ? 0 : (le[place - 1] ?? 0);
  const below = place === 0 ? 0 : (n[place - 1] ?? 0);
  const inside = (n[place] ?? 0) - below;
  return inside === 0 ? upper : lower + ((upper - lower) * (rank - below)) / inside;
}
