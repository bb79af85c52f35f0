import { processEnvironment, readSettings, sessionsNamespaces } from '@app/config';
import { type SessionRecord, type SessionTimeline, SessionsRepository, TimelineRepository } from '@app/entities';
import { StartupError, FAILURES, MINTED_ID, SESSION_STATUSES, type SessionStatus, spellDuration } from '@app/kernel';
import { MintTokensQueue, QueueModule, waitForQueue } from '@app/queue';
import type { INestApplicationContext } from '@nestjs/common';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { OPERATOR } from '../operator.js';
import { table } from '../table.js';
import { withApp } from '../with-app.js';

const QUEUE_PATIENCE_MS = 3000;
const DEFAULT_LIMIT = 50;

/** Session commands, for chat tokens as well. They never print a token. */
export function addSessions(program: Command): void {
  const sessions = program.command('sessions').description('inspect, retry and close sessions');
  sessions
    .command('list')
    .description('list sessions, newest first, without tokens')
    .addOption(new Option('--status <status>', 'only sessions with this status').choices(SESSION_STATUSES))
    .option('--room <room>', 'only sessions of this room')
    .option('--limit <n>', 'maximum number of sessions', limit, DEFAULT_LIMIT)
    .option('--json', 'print a JSON array')
    .action(list);
  sessions
    .command('show')
    .description('show one session and its timeline, without tokens')
    .argument('<id>')
    .option('--json', 'print a JSON object')
    .action(show);
  sessions
    .command('retry')
    .description('set a failed session back to pending, or enqueue a pending one')
    .argument('<id>')
    .action(retry);
  sessions
    .command('close')
    .description('close a session permanently and erase its tokens')
    .argument('<id>')
    .action(close);
}

async function list(options: { status?: SessionStatus; room?: string; limit: number; json?: true }) {
  const { status, room, json } = options;
  const settings = readSettings(sessionsNamespaces, processEnvironment());
  const page = await withApp(settings, [], (app) =>
    app.get(SessionsRepository).list({ status, room: room?.normalize('NFC'), chatTokens: true, limit: options.limit }),
  );
  if (json) process.stdout.write(`${JSON.stringify(page.sessions.map(shown), null, 2)}\n`);
  else
    process.stdout.write(page.sessions.length === 0 ? 'No sessions found.\n' : table(HEADINGS, page.sessions.map(row)));
  if (page.next !== null) process.stderr.write('More sessions exist; increase --limit to list them.\n');
}

async function show(id: string, { json }: { json?: true }) {
  const settings = readSettings(sessionsNamespaces, processEnvironment());
  const [record, timeline] = await withApp(settings, [], async (app) => [
    await app.get(SessionsRepository).find(valid(id)),
    await app.get(TimelineRepository).find(id),
  ]);
  const session = shown(known(id, record));
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...session, timeline: timeline?.entries ?? [] })}\n`);
    return;
  }
  const fields = Object.entries(session).map(([name, value]) => [name, asText(value)]);
  process.stdout.write(`${table(['field', 'value'], fields)}\n${timeline === null ? '' : timelineText(timeline)}`);
}

/** A line for each step: its time, the time since the step before, and the sentence. */
function timelineText({ entries, omitted }: SessionTimeline): string {
  const rows = entries.map(({ at, text, until, count }, n) => {
    const before = entries[n - 1]?.at ?? at;
    const after = n === 0 ? '' : `+${spellDuration(at.getTime() - before.getTime())}`;
    const span = count === undefined || until === undefined ? '' : ` (until ${clockTime(until)})`;
    return [clockTime(at), after, `${text}${span}`];
  });
  const more = omitted === 0 ? '' : `${String(omitted)} steps in between were not kept.\n`;
  return `${table(['time (UTC)', 'after', 'what happened'], rows)}${more}`;
}

function clockTime(at: Date): string {
  return at.toISOString().slice(11, 23);
}

async function retry(id: string) {
  await withSessionsAndQueue(async (app, mintDeadlineS) => {
    const retried = await app.get(SessionsRepository).retry(valid(id), OPERATOR, mintDeadlineS, { paced: false });
    const session = known(id, retried.session);
    if (session.status === 'pending') app.get(MintTokensQueue).enqueue(id, { now: true });
    if (session.status === 'closed' || session.status === 'expired') {
      throw new StartupError(`The session is ${session.status} and cannot be retried: create a new one`);
    }
    process.stdout.write(`The session is ${session.status}.\n`);
  });
}

async function close(id: string) {
  const settings = readSettings(sessionsNamespaces, processEnvironment());
  await withApp(settings, [], async (app) => {
    const repository = app.get(SessionsRepository);
    known(id, await repository.find(valid(id)));
    await repository.close(id, OPERATOR);
    process.stdout.write(`The session is ${String((await repository.find(id))?.status)}. Its tokens are erased.\n`);
  });
}

/** Like `withApp`, with the queue. Enqueued jobs are sent before it returns. */
export async function withSessionsAndQueue<T>(
  work: (app: INestApplicationContext, mintDeadlineS: number) => Promise<T>,
): Promise<T> {
  const settings = readSettings(sessionsNamespaces, processEnvironment());
  await waitForQueue(settings.queue, QUEUE_PATIENCE_MS, () => undefined);
  const queue = QueueModule.with(settings.queue);
  return withApp(settings, [queue], (app) => work(app, settings.sessions.mintDeadlineS));
}

/** If a token or a key is passed instead of an id, it must not be printed. */
function valid(id: string): string {
  if (MINTED_ID.test(id)) return id;
  throw new StartupError('Invalid TokenID: expected ses_ (or cht_ for a chat token) followed by letters and digits');
}

function known(id: string, session: SessionRecord | null): SessionRecord {
  if (session === null) throw new StartupError(`Session ${id} not found`);
  return session;
}

/** The printable fields, listed explicitly so that no other field is printed by accident. */
function shown(session: SessionRecord) {
  const { id, room, generation, status, version, products, metadata, failureCode, createdBy } = session;
  const { createdAt, readyAt, expiresAt } = session;
  const failure = failureCode === null ? null : { code: failureCode, ...FAILURES[failureCode] };
  return {
    ...{ id, room, generation, status, version, products, metadata, failure, createdBy },
    ...{ createdAt, readyAt, expiresAt },
  };
}

const HEADINGS = ['id', 'room', 'status', 'products', 'created', 'expires', 'failure'];

function row({ id, room, generation, status, products, createdAt, expiresAt, failureCode }: SessionRecord): string[] {
  const place = room === null ? '-' : `${room} #${String(generation)}`;
  return [id, place, status, products.join(), asText(createdAt), asText(expiresAt), failureCode ?? '-'];
}

function asText(value: unknown): string {
  if (value === null) return '-';
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function limit(text: string): number {
  const n = Number(text);
  if (/^\d{1,5}$/.test(text) && n >= 1) return n;
  throw new InvalidArgumentError('must be a whole number from 1 to 99999');
}
