// The measured points that the simulation has to reproduce: the kick-offs of the benchmark, everything on two cores.
import { planOf } from './options.mjs';

/** The set-up of tools/bench/figures/kick-off.mjs. */
const KICK_OFF =
  '--rooms 4000 --in-flight 400 --cas-ms 100 --gateways 1 --workers 1 --concurrency 500 --shared-cores 2'.split(' ');

export const CHECKED = [
  { title: 'kick-off, queue in Redis', figure: 'kick-off', contestant: 'product', queue: 'redis' },
  {
    title: 'kick-off, queue in Postgres',
    figure: 'kick-off',
    contestant: 'product, queue in Postgres',
    queue: 'postgres',
  },
  {
    title: 'kick-off from the warm pool',
    figure: 'kick-off-pool',
    contestant: 'product, pool',
    queue: 'redis',
    options: ['--pool', '4000'],
  },
];

/** The plan and the costs of a point, and the rate that was measured. */
export function checkedPlan(measured, { figure, contestant, queue, options = [] }) {
  return {
    plan: planOf([...KICK_OFF, '--queue', queue, ...options]),
    costs: measured.costs(queue, figure),
    measuredRate: measured.contestant(figure, contestant).median,
  };
}
