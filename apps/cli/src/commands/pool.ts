import { poolNamespaces, processEnvironment, readSettings } from '@app/config';
import { PoolRepository, type PoolLevel } from '@app/entities';
import {
  inPoolOrder,
  MAX_POOL_ENTRIES,
  MAX_POOL_TARGET,
  poolKind,
  type PoolLimits,
  type PoolPlan,
  PRODUCTS,
  type SessionProduct,
  spellDuration,
} from '@app/kernel';
import { type Command, InvalidArgumentError } from 'commander';
import { OPERATOR } from '../operator.js';
import { table } from '../table.js';
import { withApp } from '../with-app.js';

interface Entry {
  products: SessionProduct[];
  target: number;
  at?: Date;
  until?: Date;
}

/** Shows and changes the plan of the warm pool. */
export function addPool(program: Command): void {
  const pool = program.command('pool').description('the warm pool: sets of tokens that are minted ahead');
  pool
    .command('show')
    .description('the plan, the level and the age')
    .option('--json', 'print a JSON object')
    .action(async ({ json }: { json?: true }) => {
      await withPool(async (repository, limits) => {
        const [{ targets, schedule }, levels] = await Promise.all([repository.plan(), repository.levels(limits)]);
        if (json) process.stdout.write(`${JSON.stringify({ targets, schedule, levels })}\n`);
        else process.stdout.write(shown({ targets, schedule }, levels));
      });
    });
  pool
    .command('set')
    .description('replace the standing target of these products, or with --at and --until add an entry to the schedule')
    .requiredOption('--products <list>', `such as ${PRODUCTS.join(',')}`, products)
    .requiredOption('--target <n>', 'sets that are to be ready', target)
    .option('--at <time>', 'from when on they are minted, such as 2026-11-28T19:45:00Z', time)
    .option('--until <time>', 'from here on none is minted', time)
    .action(async (entry: Entry, command: Command) => {
      if ((entry.at === undefined) !== (entry.until === undefined))
        command.error('error: --at and --until go together');
      if (entry.at !== undefined && entry.until !== undefined && entry.until <= entry.at)
        command.error('error: --until must be later than --at');
      await withPool(async (repository, limits) => {
        const plan = changed(await repository.plan(), entry);
        if (plan.schedule.length > MAX_POOL_ENTRIES)
          command.error(`error: the schedule has ${String(MAX_POOL_ENTRIES)} entries already`);
        await repository.replacePlan(plan, OPERATOR);
        process.stdout.write(shown(plan, await repository.levels(limits)));
      });
    });
  pool
    .command('clear')
    .description('remove the plan: nothing more is minted, what there is can be used')
    .action(async () => {
      await withPool((repository) => repository.replacePlan({ targets: [], schedule: [] }, OPERATOR));
      process.stdout.write('The pool has no plan: workers mint nothing ahead. Sets that are there are used, or age.\n');
    });
}

async function withPool(work: (repository: PoolRepository, limits: PoolLimits) => Promise<void>): Promise<void> {
  const settings = readSettings(poolNamespaces, processEnvironment());
  await withApp(settings, [], (app) => work(app.get(PoolRepository), settings.pool));
}

/** Without entries that are over. */
function changed({ targets, schedule }: PoolPlan, { products, target, at, until }: Entry): PoolPlan {
  const current = schedule.filter((entry) => Date.parse(entry.until) > Date.now());
  if (at !== undefined && until !== undefined)
    return {
      targets,
      schedule: [...current, { products, at: at.toISOString(), until: until.toISOString(), target }],
    };
  const others = targets.filter((entry) => poolKind(entry.products) !== poolKind(products));
  return { targets: target === 0 ? others : [...others, { products, target }], schedule: current };
}

function shown({ targets, schedule }: PoolPlan, levels: readonly PoolLevel[]): string {
  if (targets.length === 0 && schedule.length === 0 && levels.length === 0)
    return 'The pool has no plan, and no sets.\n';
  const plan = [
    ...targets.map(({ products, target }) => [poolKind(products), String(target), 'always', '']),
    ...schedule.map(({ products, target, at, until }) => [poolKind(products), String(target), at, until]),
  ];
  const now = levels.map(({ products, target, level, minting, oldestS }) => [
    ...[poolKind(products), String(level), String(target), String(minting)],
    oldestS === null ? '–' : spellDuration(1000 * oldestS),
  ]);
  return `${table(['PRODUCTS', 'TARGET', 'FROM', 'UNTIL'], plan)}\n${table(['PRODUCTS', 'LEVEL', 'TARGET NOW', 'MINTING', 'OLDEST'], now)}`;
}

function products(text: string): SessionProduct[] {
  const names = text.split(',');
  const known = PRODUCTS.filter((product) => names.includes(product));
  if (known.length !== names.length) throw new InvalidArgumentError(`must be a list of ${PRODUCTS.join(', ')}`);
  return inPoolOrder(known);
}

function target(text: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) <= MAX_POOL_TARGET) return Number(text);
  throw new InvalidArgumentError(`must be a whole number up to ${String(MAX_POOL_TARGET)}`);
}

function time(text: string): Date {
  const parsed = new Date(text);
  if (/(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(parsed.getTime())) return parsed;
  throw new InvalidArgumentError('must be an ISO 8601 time with its zone, such as 2026-11-28T20:30:00Z');
}
