import { describe, expect, it } from '@jest/globals';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { readFigures } from './figures.js';

describe('figures of a registry', () => {
  const registry = new Registry();
  const registers = [registry];
  let scraped = 0;
  new Counter({ name: 'opened_total', help: 'x', registers }).inc(7);
  new Gauge({
    name: 'expensive',
    help: 'x',
    registers,
    collect() {
      scraped++;
      this.set(1);
    },
  });
  const calls = new Histogram({
    name: 'calls_seconds',
    help: 'x',
    labelNames: ['product', 'outcome'],
    buckets: [0.1, 1],
    registers,
  });
  calls.observe({ product: 'stream', outcome: 'ok' }, 0.05);
  calls.observe({ product: 'sync', outcome: 'ok' }, 0.5);
  calls.observe({ product: 'sync', outcome: 'bad' }, 3);

  it('sum the labels that are not asked for, and split by the one that is', async () => {
    const { values, histograms } = await readFigures(registry, [
      { metric: 'opened_total' },
      { metric: 'calls_seconds', by: 'outcome' },
    ]);
    expect(values).toEqual({ opened_total: 7 });
    expect(histograms).toEqual({
      'calls_seconds{ok}': { le: [0.1, 1], n: [1, 2], sum: 0.55, count: 2 },
      'calls_seconds{bad}': { le: [0.1, 1], n: [0, 0], sum: 3, count: 1 },
    });
  });

  it('of a histogram can be its count alone', async () => {
    const { values } = await readFigures(registry, [{ metric: 'calls_seconds', by: 'product', countOnly: true }]);
    expect(values).toEqual({ 'calls_seconds{stream}': 1, 'calls_seconds{sync}': 2 });
  });

  it('leave alone what is not named, and pass over what does not exist', async () => {
    expect(await readFigures(registry, [{ metric: 'unknown' }])).toEqual({ values: {}, histograms: {} });
    expect(scraped).toBe(0);
  });
});
