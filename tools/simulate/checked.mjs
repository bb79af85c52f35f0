// The measured points that the simulation has to reproduce: the kick-offs of the benchmark, everything on two cores.
import { planOf } from './options.mjs';

/** The set-up of tools/bench/figures/kick-off.mjs. */
const KICK_OFF =
  '--rooms 4000 --in-flight 400 --cas-ms 100 --gateways 1 --workers 1 --concurrency 500 --shared-cores 2'.split(' ');

export const CHECKED = [
  { title: 'kick-off, queue in Redis', contestant: 'product', queue: 'redis' },
  { title: 'kick-off, queue in Postgres', contestant: 'product, queue in Postgres', queue: 'postgres' },
];

/** The plan and the costs of a point, and the rate that was measured. */
export function checkedPlan(measured, { contestant, queue }) {
  return {
    plan: planOf([...KICK_OFF, '--queue', queue]),
    costs: measured.costs(queue),
    measuredRate: measured.contestant('kick-off', contestant).median,
  };
}
