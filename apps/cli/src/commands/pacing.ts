import { keysNamespaces, processEnvironment, readSettings } from '@app/config';
import { type Pace, PacingRepository, ProcessesRepository } from '@app/entities';
import { spellDuration } from '@app/kernel';
import { type Command, InvalidArgumentError } from 'commander';
import { withApp } from '../with-app.js';

/** Workers that have reported themselves lately, in s. */
const ALIVE_WITHIN_S = 15;
/** Workers look for a change this often, in s. */
const LOOK_EVERY_S = 2;

/** The limit of calls of CAS per second, over all workers. */
export function addPacing(program: Command): void {
  const pacing = program.command('pacing').description('limit the calls of CAS per second over all workers');
  pacing
    .command('show')
    .description('the limit, what it is lowered to after a 429, and how long the pending sessions take')
    .option('--json', 'print a JSON object')
    .action(show);
  pacing
    .command('set')
    .argument('<calls>', 'calls per second, or off for no limit', parseCalls)
    .description('set the limit, whatever CAS_MAX_RPS is')
    .action((calls: number) => change(calls));
  pacing
    .command('reset')
    .description('use CAS_MAX_RPS again')
    .action(() => change(null));
}

/** 0 is no limit. */
function parseCalls(text: string): number {
  if (text === 'off') return 0;
  const calls = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || calls < 0.1 || calls > 100_000)
    throw new InvalidArgumentError('must be a number from 0.1 to 100000, or off');
  return calls;
}

async function change(calls: number | null): Promise<void> {
  await withPacing((pacing) => pacing.set(calls));
  const what =
    calls === null
      ? 'Workers use CAS_MAX_RPS again'
      : calls === 0
        ? 'Calls of CAS are not limited'
        : `Calls of CAS are limited to ${String(calls)} per second over all workers`;
  process.stdout.write(`${what}. Workers learn of it within ${String(LOOK_EVERY_S)} s.\n`);
}

async function show({ json }: { json?: true }): Promise<void> {
  const { pace, pendingCalls } = await withPacing(async (pacing, configured) => ({
    pace: await pacing.read(configured),
    pendingCalls: await pacing.pendingCalls(),
  }));
  const drainS = pace.limit === null ? null : pendingCalls / pace.limit;
  if (json) process.stdout.write(`${JSON.stringify({ ...pace, pendingCalls, drainS })}\n`);
  else process.stdout.write(`${sentences(pace, pendingCalls, drainS)}\n`);
}

function sentences({ limit, set, slowedS }: Pace, pendingCalls: number, drainS: number | null): string {
  const by = set === null ? 'CAS_MAX_RPS' : 'an operator';
  const lowered = slowedS > 0 ? ` Lowered for ${spellDuration(1000 * slowedS)}, since CAS answered 429.` : '';
  const first =
    limit === null
      ? `Calls of CAS are not limited${set === 0 ? ', as an operator has set' : ''}.`
      : `Calls of CAS are limited to ${String(limit)} per second over all workers, by ${by}.${lowered}`;
  if (pendingCalls === 0) return `${first} No session is pending.`;
  const drain = drainS === null ? '' : `, which take ${spellDuration(1000 * drainS)} at this limit`;
  return `${first} Pending sessions need ${String(pendingCalls)} calls${drain}.`;
}

/** `configured` is what the workers that are alive report, since their CAS_MAX_RPS may not be set in this shell. */
function withPacing<T>(work: (pacing: PacingRepository, configured: number | null) => Promise<T>): Promise<T> {
  const settings = readSettings(keysNamespaces, processEnvironment());
  return withApp(settings, [], async (app) => {
    const reported = await app.get(ProcessesRepository).list(ALIVE_WITHIN_S);
    return work(app.get(PacingRepository), configuredOf(reported.map(({ figures }) => figures)));
  });
}

function configuredOf(figures: readonly unknown[]): number | null {
  for (const one of figures) {
    const states = (one as { states?: { pacing?: { configured?: unknown } } } | null)?.states;
    if (typeof states?.pacing?.configured === 'number') return states.pacing.configured;
  }
  return null;
}
