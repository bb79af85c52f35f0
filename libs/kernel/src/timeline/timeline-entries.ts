import type { AuditAction } from '../audit.js';
import { type FailureCode, FAILURES } from '../failures.js';
import type { Product } from '../products.js';
import type { SessionStatus } from '../states.js';
import type { WebhookType } from '../webhooks.js';
import { spellDuration } from './spell-duration.js';
import type { StoredNote } from './timeline-notes.js';

/** What can happen in the life of a session: a closed list, part of the API. */
export const TIMELINE_EVENTS = [
  'asked',
  'pooled',
  'queued',
  'attempt',
  'waiting',
  'held',
  'published',
  'ready',
  'discarded',
  'failed',
  'retried',
  'read',
  'ticket',
  'denied',
  'seats',
  'expiring',
  'rotated',
  'closed',
  'expired',
  'webhook',
  'pending',
] as const;

export type TimelineEvent = (typeof TIMELINE_EVENTS)[number];

/** One step in the life of a session. */
export interface TimelineEntry {
  at: Date;
  /** The end of what took some time, or the last of several. */
  until?: Date;
  event: TimelineEvent;
  /** The actor, as in the audit trail; `clock` for what time brought about, `sweeper` for its repairs. */
  by?: string;
  product?: Product;
  /** Name of a CAS endpoint, or the id of an endpoint of webhooks. */
  endpoint?: string;
  durationMs?: number;
  /** `ok` or an error code; of a webhook delivery the HTTP status, or `no-reply`. */
  outcome?: string;
  /** HTTP status of CAS, if it answered with an error. */
  status?: number;
  code?: FailureCode;
  waitMs?: number;
  /** Why a run waited, or came late. */
  reason?: string;
  count?: number;
  /** The step in one sentence. */
  text: string;
}

/** The rows that a timeline is made of. */
export interface TimelineSources {
  session: {
    id: string;
    room: string | null;
    generation: number;
    products: Product[];
    /** As a reader sees it. */
    status: SessionStatus;
    failureCode: FailureCode | null;
    createdBy: string;
    /** The CAS endpoint that issued its tokens. */
    casEndpoint: string | null;
    createdAt: Date;
    readyAt: Date | null;
    expiresAt: Date | null;
    endedAt: Date | null;
    reopenedAt: Date | null;
    deadlineAt: Date;
    notBefore: Date | null;
    dueAt: Date;
  };
  notes: readonly StoredNote[];
  tokens: readonly { product: Product; keyId: string; publishedAt: Date }[];
  /** Entries of the audit trail, those of one action and minute together. `actor` is one of them. */
  audit: readonly { at: Date; action: AuditAction; count: number; actors: number; actor: string }[];
  deliveries: readonly {
    type: WebhookType;
    endpoint: string;
    createdAt: Date;
    /** Null unless another attempt will follow. */
    nextAttemptAt: Date | null;
    attempts: readonly { at: Date; durationMs: number; status: number | null; error: string | null }[];
  }[];
  /** The database's clock. */
  now: Date;
}

/** A run that begins later than this was held up: workers take jobs at once. */
const LATE_MS = 10_000;

/** The steps in the order of time, each with a sentence, and how many were not kept. */
export function timelineEntries(sources: TimelineSources): { entries: TimelineEntry[]; omitted: number } {
  const entries = [
    ...asked(sources),
    ...changes(sources),
    ...waits(sources),
    ...sources.notes.map((note) => ({ ...fromNote(note, sources), ...spanOf(note) })),
    ...published(sources),
    ...counts(sources),
    ...ended(sources),
    ...fromDeliveries(sources),
    ...stillPending(sources),
  ];
  return {
    // The sort is stable: what happened in the same millisecond keeps the order above.
    entries: entries.toSorted((a, b) => a.at.getTime() - b.at.getTime()),
    omitted: sources.notes.reduce((sum, { omitted = 0 }) => sum + omitted, 0),
  };
}

function asked({ session }: TimelineSources): TimelineEntry[] {
  const { room, generation, products, createdBy, createdAt } = session;
  const place = room === null ? '' : ` for room ${room}, generation ${String(generation)}`;
  const text = `${createdBy} asked for ${products.join(' and ')}${place}.`;
  return [{ at: createdAt, event: 'asked', by: createdBy, text }];
}

function waits({ session, notes, audit, now }: TimelineSources): TimelineEntry[] {
  const starts = [session.createdAt, ...audit.filter(({ action }) => action === 'retry').map(({ at }) => at)];
  const pendingAt = session.status === 'pending' ? now : null;
  return starts.flatMap((at, n) => queued(at, starts[n + 1] ?? null, notes, pendingAt));
}

/** The time between a request and the first run of a worker. */
function queued(at: Date, next: Date | null, notes: readonly StoredNote[], now: Date | null): TimelineEntry[] {
  const inTime = (ms: number) => ms >= at.getTime() && (next === null || ms < next.getTime());
  const run = notes.find((note) => (note.event === 'attempt' || note.event === 'waiting') && inTime(note.at));
  if (run !== undefined) {
    const durationMs = run.at - at.getTime();
    const takenOver = notes.some((note) => note.event === 'held' && note.reason === 'taken-over' && inTime(note.at));
    const late = durationMs < LATE_MS ? '' : ': none was running or free, or the queue was paused or unavailable';
    const text = takenOver
      ? `For ${spellDuration(durationMs)} no worker finished a run of it.`
      : `In the queue for ${spellDuration(durationMs)}, until a worker took it${late}.`;
    return [{ at, until: new Date(run.at), event: 'queued', durationMs, text }];
  }
  if (now === null || next !== null) return [];
  const durationMs = now.getTime() - at.getTime();
  const late = durationMs < LATE_MS ? '' : ': none is running or free, or the queue is paused or unavailable';
  const text = `In the queue for ${spellDuration(durationMs)}; no worker has finished a run of it yet${late}.`;
  return [{ at, event: 'queued', durationMs, text }];
}

function spanOf({ until, count }: StoredNote): Pick<TimelineEntry, 'until' | 'count'> {
  return { ...(until !== undefined && { until: new Date(until) }), ...(count !== undefined && { count }) };
}

function fromNote(note: StoredNote, { session }: TimelineSources): TimelineEntry {
  const at = new Date(note.at);
  const times = note.count === undefined ? '' : ` ${String(note.count)} times`;
  switch (note.event) {
    case 'attempt': {
      const { product, endpoint, durationMs, outcome, status, cause } = note;
      const took = `after ${spellDuration(durationMs)}`;
      const why = [status === undefined ? null : `HTTP ${String(status)}`, cause ?? outcome]
        .filter((part) => part !== null)
        .join(', ');
      const text =
        outcome === 'ok'
          ? `CAS (${endpoint}) issued a ${product} token ${took}.`
          : `CAS (${endpoint}) issued no ${product} token ${took}: ${why}.`;
      return {
        ...{
          at,
          until: new Date(note.at + durationMs),
          event: 'attempt',
          product,
          endpoint,
          durationMs,
          outcome,
          text,
        },
        ...(status !== undefined && { status }),
      };
    }
    case 'waiting': {
      const { waitMs, reason, code } = note;
      const text = `${WAITS[reason](times)} Next call in ${spellDuration(waitMs)}.`;
      return { at, event: 'waiting', waitMs, reason, ...(code !== null && { code }), text };
    }
    case 'held': {
      const durationMs = note.reason === 'store-unavailable' ? note.durationMs : undefined;
      const span = durationMs === undefined ? {} : { durationMs, until: new Date(note.at + durationMs) };
      return { at, ...span, event: 'held', reason: note.reason, text: heldText(note) };
    }
    case 'discarded': {
      const ended = session.endedAt !== null && session.endedAt.getTime() <= note.at;
      const why = ended ? 'the session had ended' : 'another run had published one';
      return {
        at,
        event: 'discarded',
        product: note.product,
        text: `A ${note.product} token came too late and was discarded: ${why}.`,
      };
    }
    case 'enqueued': {
      const text = `The sweeper found no progress and queued it again${times}: its job was lost, or it waits behind others.`;
      return { at, event: 'queued', by: 'sweeper', text };
    }
    case 'failed': {
      const { code, reason } = note;
      const why = reason === 'deadline' ? 'Its deadline passed; last failure' : 'It will not be retried';
      return {
        at,
        event: 'failed',
        code,
        ...(reason === 'deadline' && { by: 'clock' }),
        text: `Failed. ${why}: ${FAILURES[code].detail}`,
      };
    }
    case 'pooled': {
      const { endpoint, mintedAt } = note;
      const ago = spellDuration(note.at - mintedAt);
      const text = `Its tokens were taken from the warm pool: CAS (${endpoint}) issued them at ${new Date(mintedAt).toISOString()}, ${ago} before.`;
      return { at: session.createdAt, event: 'pooled', endpoint, text };
    }
    case 'expiring':
      return { at, event: 'expiring', by: 'clock', text: 'Its expiry was announced.' };
    case 'seats':
      return { at, event: 'seats', text: `Seats: ${String(note.taken)} taken, ${String(note.freed)} given up.` };
    case 'replaced':
      return { at, event: 'rotated', text: `Rotated: ${note.by} replaces it.` };
    case 'replaces':
      return { at, event: 'rotated', text: `Opened by a rotation: it replaces ${note.session}.` };
  }
}

const WAITS = {
  backoff: () => 'Backoff.',
  'retry-after': () => 'CAS asked to wait (Retry-After).',
  'circuit-open': (times) => `CAS was not called${times}: the circuit breaker is open after repeated failures.`,
  aborted: () => 'The call was aborted: the worker was stopping, or had lost the job.',
  error: () => 'An unexpected error in this server; the log of the worker has it.',
} as const satisfies Record<(StoredNote & { event: 'waiting' })['reason'], (times: string) => string>;

function heldText(note: StoredNote & { event: 'held' }): string {
  switch (note.reason) {
    case 'taken-over':
      return `Taken over: ${note.count === 1 ? 'a worker' : `${String(note.count)} workers`} took the job before and did not finish it (killed, frozen or cut off).`;
    case 'store-unavailable':
      return note.durationMs === undefined
        ? 'The database could not be reached; the run was repeated.'
        : `The database could not be reached; publishing waited for ${spellDuration(note.durationMs)}.`;
    case 'clock-skew': {
      const ahead = note.skewMs > 0 ? 'ahead of' : 'behind';
      return `The clock of the worker is ${spellDuration(Math.abs(note.skewMs))} ${ahead} the database's.`;
    }
  }
}

function published({ session, tokens }: TimelineSources): TimelineEntry[] {
  const { readyAt, createdAt, reopenedAt, expiresAt, casEndpoint } = session;
  const issuer = casEndpoint === null ? '' : ` of ${casEndpoint}`;
  const entries: TimelineEntry[] = tokens.map(({ product, keyId, publishedAt }) => ({
    ...{ at: publishedAt, event: 'published', product, ...(casEndpoint !== null && { endpoint: casEndpoint }) },
    text: `The ${product} token${issuer} is published, sealed with key ${keyId}.`,
  }));
  if (readyAt === null) return entries;
  const since = reopenedAt !== null && reopenedAt < readyAt ? reopenedAt : createdAt;
  const durationMs = readyAt.getTime() - since.getTime();
  const until = expiresAt === null ? '' : `, until ${expiresAt.toISOString()}`;
  return [
    ...entries,
    { at: readyAt, event: 'ready', durationMs, text: `Ready after ${spellDuration(durationMs)}${until}.` },
  ];
}

/** Changes in the audit trail, beside the first. */
function changes({ audit }: TimelineSources): TimelineEntry[] {
  return audit.flatMap(({ at, action, actor }): TimelineEntry[] => {
    if (action === 'close')
      return [{ at, event: 'closed', by: actor, text: `${actor} closed it; its tokens were erased.` }];
    if (action === 'retry') return [{ at, event: 'retried', by: actor, text: `${actor} set it back to pending.` }];
    return [];
  });
}

/** What the audit trail counts per minute. An entry carries the start of its minute, which may be before the session. */
function counts({ session, audit }: TimelineSources): TimelineEntry[] {
  let read = false;
  return audit.flatMap(({ at: minute, action, count, actors, actor }): TimelineEntry[] => {
    const earliest = action === 'read-tokens' ? (session.readyAt ?? session.createdAt) : session.createdAt;
    const at = minute < earliest ? earliest : minute;
    const callers = actors === 1 ? actor : `${String(actors)} callers`;
    const counted = { at, count, ...(actors === 1 && { by: actor }) };
    switch (action) {
      case 'read-tokens': {
        const first = read ? '' : ' for the first time';
        read = true;
        return [
          { ...counted, event: 'read', text: `Tokens read${first}: ${String(count)} in this minute, by ${callers}.` },
        ];
      }
      case 'issue-ticket':
        return [
          { ...counted, event: 'ticket', text: `Tickets issued: ${String(count)} in this minute, by ${callers}.` },
        ];
      case 'denied:admission-denied':
      case 'denied:insufficient-scope':
      case 'denied:rate-limited': {
        const outcome = action.slice('denied:'.length);
        const text = `Denied (${outcome}): ${String(count)} in this minute, to ${callers}.`;
        return [{ ...counted, event: 'denied', outcome, text }];
      }
      default:
        return [];
    }
  });
}

/** The end, as far as neither a note nor the audit trail tells it. */
function ended({ session, notes, audit }: TimelineSources): TimelineEntry[] {
  const { status, endedAt, expiresAt, deadlineAt, failureCode, reopenedAt } = session;
  switch (status) {
    case 'expired':
      return [
        {
          at: endedAt ?? expiresAt ?? deadlineAt,
          event: 'expired',
          by: 'clock',
          text: 'Expired: the lifetime of its tokens is over. They were erased.',
        },
      ];
    case 'closed':
      if (endedAt === null || audit.some(({ action }) => action === 'close')) return [];
      return [{ at: endedAt, event: 'closed', text: 'Closed; its tokens were erased.' }];
    case 'failed': {
      const since = reopenedAt?.getTime() ?? 0;
      if (notes.some((note) => note.event === 'failed' && note.at >= since)) return [];
      const code = failureCode ?? 'deadline-exceeded';
      const text = `Failed. Its deadline passed; last failure: ${FAILURES[code].detail}`;
      return [{ at: endedAt ?? deadlineAt, event: 'failed', code, by: 'clock', text }];
    }
    default:
      return [];
  }
}

function fromDeliveries({ deliveries }: TimelineSources): TimelineEntry[] {
  return deliveries.flatMap(({ type, endpoint, createdAt, nextAttemptAt, attempts }): TimelineEntry[] => {
    const next = nextAttemptAt === null ? '' : ` Next attempt at ${nextAttemptAt.toISOString()}.`;
    if (attempts.length === 0)
      return [{ at: createdAt, event: 'webhook', endpoint, text: `Webhook ${type} to ${endpoint} waits.${next}` }];
    return attempts.map(({ at, durationMs, status, error }, n) => {
      const result = status === null ? (error ?? 'no reply') : `HTTP ${String(status)}`;
      const outcome = status === null ? 'no-reply' : String(status);
      const then = n === attempts.length - 1 ? next : '';
      const text = `Webhook ${type} to ${endpoint}, attempt ${String(n + 1)}: ${result} after ${spellDuration(durationMs)}.${then}`;
      return { at, until: new Date(at.getTime() + durationMs), event: 'webhook', endpoint, durationMs, outcome, text };
    });
  });
}

function stillPending({ session, now }: TimelineSources): TimelineEntry[] {
  const { status, deadlineAt, notBefore } = session;
  if (status !== 'pending') return [];
  const left = spellDuration(deadlineAt.getTime() - now.getTime());
  const wait = (notBefore?.getTime() ?? 0) - now.getTime();
  const next = wait > 0 ? `The next call of CAS is due in ${spellDuration(wait)}` : 'A worker may run it at any time';
  return [{ at: now, event: 'pending', text: `Still pending. ${next}; it fails if it is not ready in ${left}.` }];
}
