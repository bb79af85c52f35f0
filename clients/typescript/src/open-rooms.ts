import { ProblemError } from './errors.js';
import { sleep } from './retry.js';
import type { Session } from './types.js';

/** One room of many: its session, or why it has none. */
export type OpenedRoom =
  { room: string; session: Session; error?: never } | { room: string; session?: never; error: Error };

/** The server asks for patience: a batch has it. */
const LATER = ['rate-limited', 'overloaded', 'draining'];
const LATER_MS = 1000;

/**
 * Opens rooms, `concurrency` at a time, and yields each as it is settled, in no order. What the server refuses for now is
 * repeated until `signal` aborts; any other failure is the result of its room, and the others go on.
 */
export async function* openAll(
  rooms: Iterable<string>,
  concurrency: number,
  open: (room: string) => Promise<Session>,
  signal: AbortSignal | undefined,
): AsyncGenerator<OpenedRoom, void, undefined> {
  const running = new Map<string, Promise<OpenedRoom>>();
  for (const room of rooms) {
    if (running.has(room)) continue;
    running.set(room, openOne(room, open, signal));
    if (running.size >= concurrency) yield await settled(running);
  }
  while (running.size > 0) yield await settled(running);
}

async function settled(running: Map<string, Promise<OpenedRoom>>): Promise<OpenedRoom> {
  const first = await Promise.race(running.values());
  running.delete(first.room);
  return first;
}

async function openOne(
  room: string,
  open: (room: string) => Promise<Session>,
  signal: AbortSignal | undefined,
): Promise<OpenedRoom> {
  for (;;) {
    try {
      return { room, session: await open(room) };
    } catch (error) {
      const isLater = error instanceof ProblemError && LATER.includes(error.problem.code);
      if (!isLater || signal?.aborted === true) return { room, error: error as Error };
      await sleep(LATER_MS, signal).catch(() => undefined);
    }
  }
}
