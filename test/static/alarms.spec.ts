import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { alarms, metricOf, panelQueries, runbookQueries, tableIn } from '../support/alarms.js';
import { usagesIn } from '../support/promql.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const names = alarms.map(({ alert }) => alert);

describe('the alarms', () => {
  const rows = tableIn('docs/operations.md', 'metric').map(([name = '', , , alert = '']) => ({
    metric: name.replaceAll('`', ''),
    alarms: alert === '' ? [] : alert.split(' · '),
  }));
  const named = rows.flatMap(({ metric, alarms: cells }) =>
    cells.map((cell) => {
      const [, name, anchor, text] = /^\[(\w+)\]\(runbook\.md#(\w+)\): (.+)$/.exec(cell) ?? [];
      return { metric, name: String(name), anchor: String(anchor), text: String(text) };
    }),
  );

  it('are those that docs/operations.md names, each with the metric that it reads', () => {
    expect(named.map(({ name }) => name).sort()).toEqual([...names].sort());
    for (const { metric, name } of named) {
      const { expr = '' } = alarms.find(({ alert }) => alert === name) ?? {};
      const read = usagesIn(expr).map(({ metric: series }) => series.replace(/_(?:bucket|count|sum)$/, ''));
      expect([name, read]).toEqual([name, expect.arrayContaining([metric])]);
    }
  });

  it('wait as long as docs/operations.md says', () => {
    for (const { name, text } of named) {
      const [, minutes] = /\bfor (\d+) min\b/.exec(text) ?? [];
      expect([name, alarms.find(({ alert }) => alert === name)?.for]).toEqual([name, `${minutes ?? '0'}m`]);
    }
  });

  it('compare with the numbers that docs/operations.md says', () => {
    for (const { name, text } of named) {
      const [, number, unit] = /\b(?:above|beyond|share of \S+ above) ([\d.]+) ?(%|s\b|)/.exec(text) ?? [];
      if (number === undefined) continue;
      const threshold = unit === '%' ? Number(number) / 100 : Number(number);
      const { expr = '' } = alarms.find(({ alert }) => alert === name) ?? {};
      expect([name, [...expr.matchAll(/> ([\d.]+)/g)].map(([, found]) => Number(found))]).toEqual([
        name,
        expect.arrayContaining([threshold]),
      ]);
    }
  });

  it('link to a section of the runbook that has their name', () => {
    const headings = [...read('docs/runbook.md').matchAll(/^### (\w+)$/gm)].map(([, heading]) => String(heading));
    expect(headings).toEqual(names);
    for (const { alert, annotations } of alarms) {
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
    for (const { name, anchor } of named) expect(anchor).toBe(name.toLowerCase());
  });

  it('are each explained in four steps', () => {
    const sections = read('docs/runbook.md').split(/^### /m).slice(1);
    for (const section of sections) {
      const [name = ''] = section.split('\n');
      const steps = [...section.matchAll(/^- \*\*(\w+)\.\*\*/gm)].map(([, step]) => step);
      expect([name, steps]).toEqual([name, ['Means', 'Look', 'Do', 'Over']]);
    }
  });

  it('have each a test in which they fire, and in which they are silent before and after', () => {
    const file = z.object({
      tests: z.array(
        z.object({
          alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).optional() })),
        }),
      ),
    });
    const { tests } = file.parse(parse(read('deploy/prometheus/alerts.test.yml')));
    for (const name of names) {
      const steps = tests.flatMap((test) => test.alert_rule_test).filter(({ alertname }) => alertname === name);
      const fires = steps.map(({ exp_alerts }) => (exp_alerts?.length ?? 0) > 0);
      expect([name, fires[0], fires.includes(true), fires.at(-1)]).toEqual([name, false, true, false]);
    }
  });

  it('cover every fault of the failure modes, or the runbook says that none rings', () => {
    const table = tableIn('docs/runbook.md', '#');
    const numbers = new Set(table.flatMap(([number = '']) => number.split(', ')));
    const faults = [...read('docs/failure-story.md').matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, number = '']) =>
      number.split(', '),
    );
    expect(faults.length).toBeGreaterThan(30);
    expect([...new Set(faults)].filter((number) => !numbers.has(number))).toEqual([]);
    const rung = table.flatMap(([, , cell = '']) =>
      [...cell.matchAll(/\b[A-Z]\w*[a-z][A-Z]\w*|\bBrokenSeals\b/g)].map(([name]) => name),
    );
    expect([...new Set(rung)].sort()).toEqual([...names].sort());
  });
});

describe('queries', () => {
  const all = [
    ...alarms.map(({ alert, expr }) => ({ where: alert, expr })),
    ...panelQueries.map(({ panel, expr }) => ({ where: panel, expr })),
    ...runbookQueries.map((expr) => ({ where: 'docs/runbook.md', expr })),
  ];
  const usages = all.flatMap(({ where, expr }) => usagesIn(expr).map((usage) => ({ where, expr, ...usage })));

  it('are found', () => {
    expect(alarms.length).toBeGreaterThan(30);
    expect(panelQueries.length).toBeGreaterThan(40);
    expect(runbookQueries.length).toBeGreaterThan(20);
    expect(usagesIn('sum by (a) (rate(x_total{b="c(d"}[5m])) / max(y) > 0')).toEqual([
      { metric: 'x_total', within: ['sum', 'rate'] },
      { metric: 'y', within: ['max'] },
    ]);
  });

  it('read what every worker reports alike as a maximum, never as a sum', () => {
    const wrong = usages.filter(({ metric, within }) => {
      const aggregation = within.filter((name) => ['sum', 'avg', 'count', 'min', 'max'].includes(name));
      // By itself it is compared, or looked at: in the runbook only.
      return metricOf(metric)?.shared === true && aggregation.length > 0 && String(aggregation) !== 'max';
    });
    expect(wrong).toEqual([]);
    const bare = usages.filter(({ metric, within, where }) => {
      return metricOf(metric)?.shared === true && within.length === 0 && where !== 'docs/runbook.md';
    });
    expect(bare).toEqual([]);
  });

  it('read counters and histograms as rates, summed over the processes', () => {
    const wrong = usages.filter(({ metric, within, where }) => {
      if (!['counter', 'histogram'].includes(metricOf(metric)?.type ?? '') || within.length === 0) return false;
      const isRate = within.some((name) => ['rate', 'increase'].includes(name)) || where === 'docs/runbook.md';
      return !isRate || !within.includes('sum');
    });
    expect(wrong).toEqual([]);
  });

  it('name metrics that exist', () => {
    const unknown = usages.map(({ metric }) => metric).filter((metric) => metricOf(metric) === undefined);
    expect([...new Set(unknown)]).toEqual([]);
  });
});
