// What docs/capacity.md shows: a table and a picture for each size of event, from the simulation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';
import { ToolError } from '../steps.mjs';
import { COMFORTABLE, demandOf, enlarged } from './advice.mjs';
import { measurements } from './costs.mjs';
import { CHECKED, checkedPlan } from './checked.mjs';
import { simulate, workOf } from './model.mjs';
import { planOf } from './options.mjs';
import { picture } from './picture.mjs';
import { count, duration, firstOf } from './report.mjs';

const PAGE = 'docs/capacity.md';
const EVENTS = [
  { name: 'match', title: 'One match', args: ['--rooms', '1e4', '--seconds', '300'] },
  { name: 'final', title: 'A final', args: ['--rooms', '1e6', '--seconds', '300'] },
  { name: 'world-event', title: 'A world event', args: ['--rooms', '1e7', '--seconds', '600'] },
];

/** Names and contents of the files that follow from the simulation. */
export function documents() {
  const measured = measurements(join(ROOT, 'bench/results.json'));
  const costs = measured.costs('redis');
  let page = readFileSync(join(ROOT, PAGE), 'utf8');
  const pictures = [];
  for (const { name, title, args } of EVENTS) {
    const small = planOf([...args, '--joiners', '3', '--sse', '2', '--reads', '4']);
    const large = enlarged(small, costs);
    const runs = [small, large].map((plan) => ({ plan, result: simulate(plan, costs) }));
    page = withBlock(page, name, table(runs, costs));
    const { parts } = demandOf(small, costs);
    pictures.push({
      name: `docs/images/capacity-${name}.svg`,
      content: picture(
        title,
        parts,
        runs.map(({ result }) => result),
      ),
    });
  }
  page = withBlock(page, 'limits', limits(costs));
  page = withBlock(page, 'checked', checkedTable(measured));
  return [{ name: PAGE, content: page }, ...pictures];
}

function table([small, large], costs) {
  const { peak, calls } = demandOf(small.plan, costs);
  const row = (label, of) => `| ${label} | ${of(small)} | ${of(large)} |`;
  return [
    `${count(small.plan.rooms)} rooms in ${small.plan.seconds} s, at the peak ${count(peak)} rooms and ${count(calls)} calls to CAS per second.`,
    `Saturates first: **${firstOf(small.plan, costs)}**.`,
    '',
    '| | as it starts | enlarged |',
    '|---|---|---|',
    row('gateways', ({ plan }) => count(plan.gateways)),
    row('workers, 50 jobs each', ({ plan }) => count(plan.workers)),
    row('cores of Postgres', ({ plan }) => count(plan.postgresCores)),
    row('servers of Redis, a core each', ({ plan }) => count(plan.redisShards)),
    row('rooms per second', ({ result }) => count(result.throughput)),
    row('time to ready, p50', ({ result }) => duration(result.readyMs.p50)),
    row('time to ready, p99', ({ result }) => duration(result.readyMs.p99)),
    row('pending at one time, at most', ({ result }) => count(result.mostPending)),
    row('held requests, at most', ({ result, plan }) => count(result.mostPending * (1 + plan.joiners))),
    row('SSE connections', ({ plan }) => count(plan.rooms * plan.sse)),
    row('memory of SSE connections', ({ plan }) => memory(plan.rooms * plan.sse * costs.sseMib)),
    row('gateways for SSE connections, 10,000 each', ({ plan }) => count(Math.ceil((plan.rooms * plan.sse) / 10_000))),
  ].join('\n');
}

function memory(mib) {
  return mib < 1024 ? `${count(mib)} MiB` : `${count(mib / 1024)} GiB`;
}

/** What one core of each part carries at 70 %, without joiners and reads: from where on one more is due. */
function limits(costs) {
  const plan = planOf([]);
  const work = workOf(plan, costs);
  const rate = (part) => `${count((COMFORTABLE * costs.usable * 1000) / work[part])}/s`;
  return [
    '| one core of | carries rooms |',
    '|---|---|',
    ...['gateway', 'worker', 'postgres', 'redis'].map((part) => `| ${part} | ${rate(part)} |`),
  ].join('\n');
}

function checkedTable(measured) {
  const rows = CHECKED.map((point) => {
    const { plan, costs, measuredRate } = checkedPlan(measured, point);
    const { throughput } = simulate(plan, costs);
    const off = (throughput / measuredRate - 1) * 100;
    return `| ${point.title} | ${count(measuredRate)}/s | ${count(throughput)}/s | ${off < 0 ? '−' : '+'}${Math.abs(off).toFixed(0)} % |`;
  });
  return ['| | measured | simulated | |', '|---|---|---|---|', ...rows].join('\n');
}

function withBlock(page, name, text) {
  const block = new RegExp(`(<!-- simulate: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
  if (!block.test(page)) throw new ToolError(`${PAGE} has no block "simulate: ${name}"`);
  return page.replace(block, (_, start, end) => `${start}\n${text}\n\n${end}`);
}
