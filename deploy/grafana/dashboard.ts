// The dashboard for Grafana: what an operator sees at kick-off. `node tools/dashboard.mjs --write` generates dashboard.json
// from it. Every query returns data in test/e2e/monitoring.spec.ts.
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  StackingConfigBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Whichever Prometheus is chosen at the top. */
const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' };

/** An expression in PromQL, and how its series are named. */
type Query = readonly [expr: string, legend: string];

interface ChartOptions {
  description: string;
  /** Grafana's name of a unit, such as `s` or `ops`. */
  unit: string;
  queries: readonly Query[];
  stacked?: boolean;
  /** Of 24. */
  width?: number;
}

interface StatOptions {
  description: string;
  unit?: string;
  expr: string;
  /** From which value on it is red; a negative one: up to which. */
  redFrom?: number;
  redUpTo?: number;
}

function target([expr, legend]: Query, refId: string): Builder<Dataquery> {
  return new DataqueryBuilder().datasource(PROMETHEUS).refId(refId).expr(expr).legendFormat(legend);
}

const refId = (n: number): string => String.fromCharCode('A'.charCodeAt(0) + n);

function chart(title: string, { description, unit, queries, stacked = false, width = 8 }: ChartOptions) {
  const panel = new TimeSeriesBuilder()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .unit(unit)
    .min(0)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(stacked ? 30 : 5)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .span(width)
    .height(7);
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  queries.forEach((query, n) => panel.withTarget(target(query, refId(n))));
  return panel;
}

function stat(title: string, { description, unit = 'short', expr, redFrom, redUpTo }: StatOptions) {
  const steps =
    redUpTo === undefined
      ? [{ value: null, color: 'green' }, ...(redFrom === undefined ? [] : [{ value: redFrom, color: 'red' }])]
      : [
          { value: null, color: 'red' },
          { value: redUpTo + 1, color: 'green' },
        ];
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .unit(unit)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .withTarget(target([expr, title], 'A'))
    .span(3)
    .height(4);
}

/** Of a histogram, over all processes. */
const quantile = (q: number, histogram: string, by = ''): string =>
  `histogram_quantile(${String(q)}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${histogram}_bucket[$__rate_interval])))`;

const now = [
  stat('Alarms firing', {
    description: 'Alarms of deploy/prometheus/alerts.yml that fire now; docs/runbook.md says what to do.',
    expr: 'count(ALERTS{alertstate="firing"}) or vector(0)',
    redFrom: 1,
  }),
  stat('Gateways', {
    description: 'Gateways that answer Prometheus.',
    expr: 'sum(up{job="gateway"})',
    redUpTo: 0,
  }),
  stat('Workers', {
    description: 'Workers that answer Prometheus.',
    expr: 'sum(up{job="worker"})',
    redUpTo: 0,
  }),
  stat('Circuit breakers open', {
    description: 'Workers that have stopped calling CAS, apart from probes.',
    expr: 'count(max by (instance) (breaker_state) > 0) or vector(0)',
    redFrom: 1,
  }),
  stat('Pending', {
    description: 'Sessions that wait for their tokens.',
    expr: 'max(sessions{status="pending"})',
  }),
  stat('Oldest pending', {
    description: 'Age of the oldest pending session since its creation or last retry.',
    unit: 's',
    expr: 'max(oldest_pending_seconds)',
    redFrom: 60,
  }),
  stat('Ready', {
    description: 'Sessions whose tokens can be read, up to 100,000.',
    expr: 'max(sessions{status="ready"})',
  }),
  stat('Requests failing', {
    description: 'Share of requests that are answered with 5xx.',
    unit: 'percentunit',
    expr:
      '(sum(rate(http_request_duration_seconds_count{status=~"5.."}[$__rate_interval])) or vector(0)) ' +
      '/ sum(rate(http_request_duration_seconds_count[$__rate_interval]))',
    redFrom: 0.01,
  }),
];

const sessions = [
  chart('Sessions by state', {
    description: 'Live sessions and chat tokens, each state up to 100,000.',
    unit: 'short',
    queries: [['max by (status) (sessions)', '{{status}}']],
    stacked: true,
  }),
  chart('Opened and published', {
    description: 'Published below opened means that sessions accumulate as pending.',
    unit: 'ops',
    queries: [
      ['sum(rate(sessions_opened_total[$__rate_interval]))', 'opened'],
      ['sum(rate(time_to_ready_seconds_count[$__rate_interval]))', 'published'],
      ['sum(rate(sessions_failed_total[$__rate_interval]))', 'failed'],
    ],
  }),
  chart('Time to ready', {
    description: 'From the creation or last retry of a session until its tokens can be read.',
    unit: 's',
    queries: [
      [quantile(0.5, 'time_to_ready_seconds'), 'p50'],
      [quantile(0.99, 'time_to_ready_seconds'), 'p99'],
    ],
  }),
  chart('Oldest waiting', {
    description: 'The oldest pending session, the oldest due webhook, and the oldest session past its end.',
    unit: 's',
    queries: [
      ['max(oldest_pending_seconds)', 'pending session'],
      ['max(webhook_oldest_due_seconds)', 'webhook'],
      ['max(oldest_overdue_seconds)', 'maintenance'],
    ],
  }),
  chart('Queue', {
    description:
      'Jobs of the queue mint-tokens. Delayed jobs wait for their next attempt. Paused is 1 while an operator has paused it.',
    unit: 'short',
    queries: [
      ['max by (state) (queue_jobs)', '{{state}}'],
      ['max(queue_paused)', 'paused'],
    ],
  }),
  chart('Sessions failed, by code', {
    description: 'cas-credentials-rejected and cas-rejected are not retried.',
    unit: 'short',
    queries: [['sum by (code) (increase(sessions_failed_total[$__rate_interval]))', '{{code}}']],
  }),
];

const cas = [
  chart('CAS latency', {
    description: 'Calls to CAS, by product and endpoint.',
    unit: 's',
    queries: [
      [quantile(0.5, 'cas_request_duration_seconds', 'product, endpoint'), '{{product}} p50, {{endpoint}}'],
      [quantile(0.99, 'cas_request_duration_seconds', 'product, endpoint'), '{{product}} p99, {{endpoint}}'],
    ],
  }),
  chart('CAS outcomes', {
    description: 'Calls to CAS per second: ok, or the code of the error.',
    unit: 'ops',
    queries: [
      [
        'sum by (outcome, endpoint) (rate(cas_request_duration_seconds_count[$__rate_interval]))',
        '{{outcome}}, {{endpoint}}',
      ],
    ],
    stacked: true,
  }),
  chart('Circuit breaker', {
    description: '0 closed, 1 half-open (a probe is under way), 2 open.',
    unit: 'short',
    queries: [
      ['breaker_state', '{{instance}}, {{endpoint}}'],
      ['sum(rate(wasted_mints_total[$__rate_interval]))', 'wasted mints per s'],
    ],
  }),
];

const pool = [
  chart('Warm pool', {
    description:
      'Sets of tokens that were minted ahead, and how many there are to be, by products. Empty without a plan.',
    unit: 'short',
    queries: [
      ['max by (products) (pool_level)', '{{products}}'],
      ['max by (products) (pool_target)', '{{products}} target'],
    ],
  }),
  chart('Warm pool, in and out', {
    description: 'Sets per second: taken by sessions, minted, and discarded unused.',
    unit: 'ops',
    queries: [
      ['sum(rate(pool_taken_total[$__rate_interval]))', 'taken'],
      ['sum(rate(pool_minted_total[$__rate_interval]))', 'minted'],
      ['sum by (reason) (rate(pool_discarded_total[$__rate_interval]))', 'discarded: {{reason}}'],
    ],
  }),
  chart('Warm pool, age', {
    description: 'The oldest set. It is discarded at POOL_MAX_AGE_S.',
    unit: 's',
    queries: [['max by (products) (pool_oldest_seconds)', '{{products}}']],
  }),
];

const gateway = [
  chart('Requests', {
    description: 'Requests per second, by status.',
    unit: 'reqps',
    queries: [['sum by (status) (rate(http_request_duration_seconds_count[$__rate_interval]))', '{{status}}']],
    stacked: true,
  }),
  chart('Request latency', {
    description: 'Held requests (Prefer: wait) include their wait.',
    unit: 's',
    queries: [
      [quantile(0.5, 'http_request_duration_seconds'), 'p50'],
      [quantile(0.99, 'http_request_duration_seconds'), 'p99'],
    ],
  }),
  chart('SSE connections and held requests', {
    description: 'By gateway. New ones are refused at MAX_SSE_CONNECTIONS and answered immediately at MAX_WAITS.',
    unit: 'short',
    queries: [
      ['sse_connections', 'SSE {{instance}}'],
      ['held_requests', 'held {{instance}}'],
    ],
  }),
  chart('Admission', {
    description: 'Calls per second to your admission service. Unavailable: callers receive 503.',
    unit: 'ops',
    queries: [['sum by (outcome) (rate(admission_duration_seconds_count[$__rate_interval]))', '{{outcome}}']],
  }),
  chart('Identity provider', {
    description: 'Keys that verify tokens now, and whether their last refresh succeeded.',
    unit: 'short',
    queries: [
      ['identity_provider_keys', 'keys {{instance}}'],
      ['identity_provider_up', 'up {{instance}}'],
    ],
  }),
  chart('Tokens that cannot be read', {
    description: 'Requests answered with 503, since a sealing key is missing or has wrong bytes.',
    unit: 'short',
    queries: [
      ['sum(increase(unknown_sealing_keys_total[$__rate_interval]))', 'key missing'],
      ['sum(increase(broken_seals_total[$__rate_interval]))', 'cannot be decrypted'],
    ],
  }),
];

const processes = [
  chart('Processes up', {
    description: 'Processes that answer Prometheus, and dependencies with which they can do their work.',
    unit: 'short',
    queries: [
      ['sum by (job) (up{job=~"gateway|worker"})', '{{job}}'],
      ['min by (job, part) (dependency_up)', '{{part}} of {{job}}'],
      ['min(listen_up)', 'events'],
    ],
  }),
  chart('Event loop delay', {
    description: '99th percentile. A process above 0.1 s is short of CPU.',
    unit: 's',
    queries: [['nodejs_eventloop_lag_p99_seconds{job=~"gateway|worker"}', '{{instance}}']],
  }),
  chart('CPU', {
    description: 'Cores in use, by process. Each runs its code on one.',
    unit: 'short',
    queries: [
      ['sum by (instance) (rate(process_cpu_seconds_total{job=~"gateway|worker"}[$__rate_interval]))', '{{instance}}'],
    ],
  }),
  chart('Memory', {
    description: 'Resident memory, by process.',
    unit: 'bytes',
    queries: [['process_resident_memory_bytes{job=~"gateway|worker"}', '{{instance}}']],
  }),
  chart('Database connections', {
    description: 'Connections in use by process, of DATABASE_POOL, and statements that wait for one.',
    unit: 'short',
    queries: [
      ['database_pool_connections{state="busy"}', 'busy {{instance}}'],
      ['database_pool_waiting', 'waiting {{instance}}'],
      ['max(database_pool_limit)', 'limit'],
    ],
  }),
  chart('Clock skew', {
    description: 'Seconds from the clock of the database, either way.',
    unit: 's',
    queries: [['abs(clock_skew_seconds)', '{{instance}}']],
  }),
];

const background = [
  chart('Webhooks', {
    description: 'Attempts to deliver per second. Retry: failed, to be repeated. Failed: given up.',
    unit: 'ops',
    queries: [['sum by (outcome) (rate(webhook_attempt_duration_seconds_count[$__rate_interval]))', '{{outcome}}']],
    stacked: true,
  }),
  chart('Webhook latency', {
    description: 'How long receivers take to answer.',
    unit: 's',
    queries: [
      [quantile(0.5, 'webhook_attempt_duration_seconds'), 'p50'],
      [quantile(0.99, 'webhook_attempt_duration_seconds'), 'p99'],
      ['sum(increase(webhook_endpoints_disabled_total[$__rate_interval]))', 'endpoints disabled'],
    ],
  }),
  chart('Maintenance', {
    description: 'Time since the last success of each chore, over all workers.',
    unit: 's',
    queries: [['time() - max by (chore) (maintenance_last_success_seconds)', '{{chore}}']],
  }),
  chart('Failed maintenance and unknown jobs', {
    description: 'Batches of maintenance that failed, and jobs that were dropped because they are not of this release.',
    unit: 'short',
    queries: [
      ['sum by (chore) (increase(maintenance_runs_total{outcome="failed"}[$__rate_interval]))', '{{chore}}'],
      ['sum by (queue) (increase(unknown_jobs_total[$__rate_interval]))', 'unknown jobs of {{queue}}'],
    ],
  }),
  chart('Audit', {
    description: 'Denied requests per second, and audit events that were lost.',
    unit: 'ops',
    queries: [
      [
        'sum by (status) (rate(http_request_duration_seconds_count{status=~"401|403|429"}[$__rate_interval]))',
        '{{status}}',
      ],
      ['sum(rate(audit_dropped_total[$__rate_interval]))', 'dropped'],
    ],
  }),
];

// The form that every Grafana since version 9 reads from files; its successor needs a newer one, and gives nothing here.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const dashboard = new DashboardBuilder('Watch Together auth server')
  .uid('watchtogether-auth-server')
  .description('Sessions, CAS, gateways and workers at a glance. Generated from deploy/grafana/dashboard.ts.')
  .tags(['watchtogether'])
  .editable()
  .tooltip(DashboardCursorSync.Crosshair)
  .refresh('10s')
  .time({ from: 'now-30m', to: 'now' })
  .timezone('browser')
  .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));

const rows = {
  Sessions: sessions,
  CAS: cas,
  'Warm pool': pool,
  Gateways: gateway,
  Processes: processes,
  'Webhooks, maintenance, audit': background,
};
for (const panel of now) dashboard.withPanel(panel);
for (const [title, panels] of Object.entries(rows)) {
  dashboard.withRow(new RowBuilder(title));
  for (const panel of panels) dashboard.withPanel(panel);
}

process.stdout.write(`${JSON.stringify(dashboard.build(), null, 2)}\n`);
