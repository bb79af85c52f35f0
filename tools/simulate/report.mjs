// The result as a table.
import { demandOf } from './advice.mjs';

const percent = (share) => `${(share * 100).toFixed(0)} %`;
export const count = (n) => Math.round(n).toLocaleString('en-US');
export const duration = (ms) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

const ADD = {
  gateway: 'gateways',
  worker: 'workers',
  postgres: 'cores of Postgres',
  redis: 'servers of Redis, with the queue sharded',
  'places for jobs': 'places: workers × MINT_CONCURRENCY',
  'CAS rate': 'calls per second, to be agreed with the vendor',
};

/** One line for what saturates first. */
export function firstOf(plan, costs) {
  const [{ part, demand, enough, there }] = demandOf(plan, costs).parts;
  const asks = `${part}: the peak asks for ${percent(demand)} of ${count(there)}`;
  return demand <= 0.7 ? `nothing; the busiest is ${asks}` : `${asks}; enough: ${count(enough)} ${ADD[part]}`;
}

export function forTerminal(plan, costs, result) {
  const { peak, calls, parts } = demandOf(plan, costs);
  const { backlog } = result;
  const step = Math.max(1, Math.ceil(backlog.length / 12));
  const most = Math.max(1, ...backlog.map(({ pending }) => pending));
  const closed = plan.inFlight > 0 || plan.sharedCores > 0;
  return [
    `${count(plan.rooms)} rooms in ${plan.seconds} s; a parcel is ${count(result.roomsPerParcel)} room(s)`,
    `  throughput            ${count(result.throughput)}/s, all ready after ${result.seconds.toFixed(1)} s`,
    `  time to ready         p50 ${duration(result.readyMs.p50)}, p99 ${duration(result.readyMs.p99)}, longest ${duration(result.readyMs.most)}`,
    `  pending at one time   ${count(result.mostPending)}`,
    `  held requests         ${count(result.mostPending * (1 + plan.joiners))}; MAX_WAITS is 20,000 for each gateway`,
    `  SSE connections       ${count(plan.rooms * plan.sse)}, ${count(plan.rooms * plan.sse * costs.sseMib)} MiB of gateways`,
    ...(closed ? [] : [`  at the peak           ${count(peak)} rooms/s, ${count(calls)} calls to CAS per second`]),
    '',
    '  part               mean use',
    ...Object.entries(result.utilisation).map(([part, share]) => `  ${part.padEnd(18)} ${percent(share)}`),
    ...(closed ? [] : ['', '  part               there     asked at the peak   enough', ...parts.map(partLine)]),
    '',
    '  pending over time',
    ...backlog
      .filter((_, i) => i % step === 0)
      .map(
        ({ at, pending }) =>
          `  ${at.toFixed(0).padStart(6)} s ${count(pending).padStart(11)} ${'█'.repeat(Math.round((pending / most) * 40))}`,
      ),
    ...(closed ? [] : ['', `What saturates first: ${firstOf(plan, costs)}`]),
    ...warnings(plan, result),
  ].join('\n');
}

function partLine({ part, there, demand, enough }) {
  return `  ${part.padEnd(18)} ${count(there).padEnd(9)} ${percent(demand).padEnd(19)} ${count(enough)}`;
}

/** What the product does that the model does not. */
function warnings(plan, result) {
  return [
    ...(result.mostPending > 200_000
      ? ['MAX_PENDING (200,000) would be reached: opens beyond it are answered with 503.']
      : []),
    ...(result.readyMs.most > 900_000 ? ['MINT_DEADLINE_S (900 s) would pass: the last sessions fail.'] : []),
  ];
}
