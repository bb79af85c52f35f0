import { MintTokensQueue } from '@app/queue';
import type { Command } from 'commander';
import { withSessionsAndQueue } from './sessions.js';

/** Pauses the queue of workers, for example while the vendor asks for silence. Accepted sessions stay pending. */
export function addQueue(program: Command): void {
  const queue = program.command('queue').description('pause and resume the work of all workers');
  queue
    .command('pause')
    .description('let workers finish their jobs and take no more; sessions are accepted and stay pending')
    .action(async () => {
      const deadlineS = await withSessionsAndQueue(async (app, mintDeadlineS) => {
        await app.get(MintTokensQueue).pause();
        return mintDeadlineS;
      });
      process.stdout.write(
        'The queue is paused. Sessions are accepted and stay pending, and fail at their deadline, by default ' +
          `${String(deadlineS)} s after they were opened (\`redrive\` brings them back). Resume with: queue resume\n`,
      );
    });
  queue
    .command('resume')
    .description('let workers take jobs again')
    .action(async () => {
      await withSessionsAndQueue((app) => app.get(MintTokensQueue).resume());
      process.stdout.write('The queue is running.\n');
    });
  queue
    .command('status')
    .description('whether the queue is paused, and its jobs by state')
    .option('--json', 'print a JSON object')
    .action(async ({ json }: { json?: true }) => {
      const status = await withSessionsAndQueue(async (app) => {
        const found = app.get(MintTokensQueue);
        return { paused: await found.isPaused(), jobs: await found.counts() };
      });
      if (json) process.stdout.write(`${JSON.stringify(status)}\n`);
      else
        process.stdout.write(
          `The queue is ${status.paused ? 'paused' : 'running'}: ${Object.entries(status.jobs)
            .map(([state, count]) => `${String(count)} ${state}`)
            .join(', ')}.\n`,
        );
    });
}
