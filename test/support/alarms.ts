import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { usagesIn } from './promql.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), runbook_url: z.string() }),
});
const rules = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(rule) })) });

export type Alarm = z.infer<typeof rule>;

export const ALERTS_FILE = 'deploy/prometheus/alerts.yml';

/** All alarms of the rules that are deployed. */
export const alarms: Alarm[] = rules.parse(parse(read(ALERTS_FILE))).groups.flatMap((group) => group.rules);

/**
 * The same rules for a clock that runs `factor` times faster: every `for` and every range is that much shorter, and nothing
 * else is changed. For a Prometheus that scrapes and evaluates as much more often.
 */
export function fasterRules(factor: number): object {
  const { groups } = rules.parse(parse(read(ALERTS_FILE)));
  return {
    groups: groups.map((group) => ({
      ...group,
      rules: group.rules.map((one) => ({
        ...one,
        for: faster(one.for, factor),
        expr: one.expr.replaceAll(/\[(\d+[a-z]+)\]/g, (_range, length: string) => `[${faster(length, factor)}]`),
      })),
    })),
  };
}

const MS = { s: 1000, m: 60_000, h: 3_600_000 };

/** A duration of Prometheus, such as `5m`, divided by `factor`. */
export function faster(duration: string, factor: number): string {
  const [, number, unit] = /^(\d+)([smh])$/.exec(duration) ?? [];
  if (number === undefined) throw new Error(`${duration} is no duration of one number and one unit`);
  return `${String((Number(number) * MS[unit as keyof typeof MS]) / factor)}ms`;
}

export interface PanelQuery {
  panel: string;
  expr: string;
}

const dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      description: z.string().optional(),
      targets: z.array(z.object({ expr: z.string() })).default([]),
    }),
  ),
});

/** Every query of the dashboard. */
export const panelQueries: PanelQuery[] = dashboard
  .parse(JSON.parse(read('deploy/grafana/dashboard.json')))
  .panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: title, expr })));

/** Rows of the first table of a document that begins with this heading, cell by cell. */
export function tableIn(document: string, heading: string): string[][] {
  const [, rest = ''] = read(document).split(`| ${heading} |`);
  const rows = rest.split('\n').slice(2);
  return rows
    .slice(
      0,
      rows.findIndex((row) => !row.startsWith('|')),
    )
    .map((row) =>
      row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Every metric of docs/metrics.md, and whether every worker reports it alike. */
const metrics = new Map(
  tableIn('docs/metrics.md', 'metric').map(([name = '', type = '', , , , combine]) => [
    name.replaceAll('`', ''),
    { type, shared: combine === '`max`' },
  ]),
);

/** Of Prometheus, and of every Node process. */
const STANDARD = /^(?:up|ALERTS|process_\w+|nodejs_\w+)$/;

/** The metric that a series belongs to (`x_count` is of the histogram `x`); undefined if there is none. */
export function metricOf(series: string): { type: string; shared: boolean } | undefined {
  if (STANDARD.test(series)) return { type: 'standard', shared: false };
  return metrics.get(series) ?? metrics.get(series.replace(/_(?:bucket|count|sum)$/, ''));
}

/** The queries in the runbook: what is in code there and reads metrics alone. */
export const runbookQueries: string[] = [...read('docs/runbook.md').matchAll(/`([^`\n]+)`/g)]
  .map(([, code]) => String(code))
  .filter((code) => {
    const usages = usagesIn(code);
    return usages.length > 0 && usages.every(({ metric }) => metricOf(metric) !== undefined);
  });
