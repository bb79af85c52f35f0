// npm run simulate: what a kick-off would need, by the measured costs. docs/capacity.md explains it.
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { demandOf } from './simulate/advice.mjs';
import { measurements } from './simulate/costs.mjs';
import { simulate } from './simulate/model.mjs';
import { planOf, USAGE } from './simulate/options.mjs';
import { forTerminal } from './simulate/report.mjs';
import { reportAndExit } from './steps.mjs';

try {
  const plan = planOf(process.argv.slice(2));
  if (plan.help) console.log(USAGE);
  else {
    const costs = measurements(join(ROOT, 'bench/results.json')).costs(plan.queue);
    const result = simulate(plan, costs);
    const asJson = () => JSON.stringify({ plan, result, demand: demandOf(plan, costs) }, null, 2);
    console.log(plan.json ? asJson() : forTerminal(plan, costs, result));
  }
} catch (error) {
  reportAndExit(error);
}
