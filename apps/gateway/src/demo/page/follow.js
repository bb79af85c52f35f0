// Follows a session until it ends: by its event stream, or by polling.
import { openEvents, Problem, readSession } from './api.js';

const ENDED = { 'session-closed': 'closed', 'session-expired': 'expired' };
const POLL_MS = 2000;
const HELD_S = 20;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** Three heartbeats; after that the connection counts as dead. */
const SILENCE_MS = 45_000;
/** The counts of seats are told when some are held: until then none are. */
const NO_SEATS = { participants: 0, viewers: 0 };

export const hasEnded = (session) => session.status === 'closed' || session.status === 'expired';

/**
 * Calls `show` with every state, with tokens when it is ready; `seats` with the number of seats that are held, after changes;
 * `lost` with the problem while the server cannot be heard. Resolves when the session has ended or the signal aborts.
 *
 * @throws Problem when following makes no sense any more.
 */
export async function follow(id, { show, seats, lost, signal }) {
  let session = { id };
  let streams = true;
  let pauseMs = FIRST_PAUSE_MS;
  const seen = async (next) => {
    pauseMs = FIRST_PAUSE_MS;
    // Events carry no tokens.
    session = next.status === 'ready' && next.tokens === undefined ? await readSession(id, { signal }) : next;
    if (!signal.aborted) show(session);
  };

  while (!signal.aborted && !hasEnded(session)) {
    try {
      if (streams) {
        await readEvents(id, { session, seen, seats, signal });
        if (!hasEnded(session)) await sleep(FIRST_PAUSE_MS, signal);
      } else {
        await seen(await readSession(id, { waitS: session.status === 'ready' ? undefined : HELD_S, signal }));
        if (session.status !== 'pending') await sleep(POLL_MS, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (ENDED[error.code] !== undefined) {
        // A window that was asleep meanwhile learns here where its room went on.
        const { successor } = error;
        await seen({ ...session, status: ENDED[error.code], tokens: undefined, ...(successor && { successor }) });
      } else if (streams && (error.status === 404 || error.status === 405)) {
        // No event stream, or no such session: reading the session tells which.
        streams = false;
      } else if (error.document.retryable) {
        lost(error);
        await sleep(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      } else {
        throw error;
      }
    }
  }
}

async function readEvents(id, { session, seen, seats, signal }) {
  const silence = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  const both = AbortSignal.any([signal, silence.signal]);
  try {
    heard();
    const response = await openEvents(id, { lastEventId: session.version, signal: both });
    seats(NO_SEATS);
    for await (const { event, data } of events(response.body, heard)) {
      if (event === 'seats' && !signal.aborted) seats(JSON.parse(data));
      if (event !== 'session') continue;
      const next = JSON.parse(data);
      await seen(next);
      if (hasEnded(next)) return;
    }
  } catch (error) {
    // After too long a silence, reconnect.
    if (!silence.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** Parses a `text/event-stream` as defined by the HTML standard. */
async function* events(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let event = 'message';
  let data = [];
  for (;;) {
    // A broken stream counts as ended: reconnect.
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    heard();
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n') };
        event = 'message';
        data = [];
      } else {
        const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (field === 'event') event = text;
        if (field === 'data') data.push(text);
      }
    }
  }
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
}
