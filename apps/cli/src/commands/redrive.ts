import { type PagePlace, SessionsRepository } from '@app/entities';
import { FAILURE_CODES, type FailureCode } from '@app/kernel';
import { MintTokensQueue } from '@app/queue';
import { type Command, Option } from 'commander';
import { OPERATOR } from '../operator.js';
import { Progress } from '../progress.js';
import { withSessionsAndQueue } from './sessions.js';

const PAGE = 1000;
/** Sessions retried concurrently, each in its own transaction. */
const BATCH = 5;

interface Redriven {
  failed: number;
  pending: number;
}

/** Retries failed sessions and chat tokens, for example after an outage or after credentials were corrected. */
export function addRedrive(program: Command): void {
  program
    .command('redrive')
    .description('set failed sessions back to pending and enqueue them, oldest first')
    .option('--all', 'all failed sessions')
    .addOption(
      new Option('--code <code>', 'only sessions with this failure code').choices(FAILURE_CODES).conflicts('all'),
    )
    .option('--json', 'print a JSON object')
    .action(redrive);
}

async function redrive(options: { all?: true; code?: FailureCode; json?: true }, command: Command): Promise<void> {
  if (options.all === undefined && options.code === undefined)
    command.error('error: either --all or --code <code> is required');
  await withSessionsAndQueue(async (app, mintDeadlineS) => {
    const sessions = app.get(SessionsRepository);
    const queue = app.get(MintTokensQueue);
    const ids = await failedSessions(sessions, options.code);
    const progress = new Progress('sessions', ids.length);
    let pending = 0;
    for (let done = 0; done < ids.length; done += BATCH) {
      progress.at(done);
      const retried = await Promise.all(
        ids.slice(done, done + BATCH).map((id) => sessions.retry(id, OPERATOR, mintDeadlineS, { paced: false })),
      );
      for (const { session } of retried) {
        if (session?.status !== 'pending') continue;
        queue.enqueue(session.id, { now: true });
        pending++;
      }
    }
    progress.at(ids.length);
    progress.end();
    show({ failed: ids.length, pending }, options.json);
  });
}

/** Oldest first, since their clients have waited longest. Includes pending sessions past their deadline. */
async function failedSessions(sessions: SessionsRepository, code: FailureCode | undefined): Promise<string[]> {
  const ids: string[] = [];
  let after: PagePlace | undefined;
  do {
    const page = await sessions.list({ status: 'failed', chatTokens: true, limit: PAGE, after });
    ids.push(
      ...page.sessions.filter((session) => code === undefined || session.failureCode === code).map(({ id }) => id),
    );
    after = page.next ?? undefined;
  } while (after !== undefined);
  return ids.reverse();
}

function show(redriven: Redriven, json: true | undefined): void {
  if (json) process.stdout.write(`${JSON.stringify(redriven)}\n`);
  else
    process.stdout.write(
      `${String(redriven.pending)} of ${String(redriven.failed)} failed sessions set back to pending.\n`,
    );
}
