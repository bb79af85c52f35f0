import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The longest wait, in s. */
export const MAX_WAIT_S = 30;

/** `Prefer: wait=N` (RFC 7240) in seconds, clamped; null if absent or unparsable. */
export function preferredWait(header: string | string[] | undefined): number | null {
  if (header === undefined) return null;
  // A comma inside quotes is no separator.
  const preferences =
    [header]
      .flat()
      .join(',')
      .match(/(?:"[^"]*"|[^,])+/g) ?? [];
  for (const preference of preferences) {
    // Parameters after a semicolon are ignored.
    const [, , value] = /^\s*wait\s*=\s*("?)(\d+)\1\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (value !== undefined) return Math.min(Number(value), MAX_WAIT_S);
  }
  return null;
}

/** How long a request may be held: its arrival (`performance.now()`, in ms) and the wait from then on, in s. */
export interface WaitPreference {
  since: number;
  waitS: number | null;
  /** A signal that aborts when the client closes its connection: made for requests that are held only. */
  closed?: () => AbortSignal;
}

/** The wait preference of a request. The reply states the value used in `Preference-Applied`. */
export const PreferredWait = createParamDecorator((_data: unknown, context: ExecutionContext): WaitPreference => {
  const http = context.switchToHttp();
  return waitPreference(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
});

/** The same, outside a decorator. */
export function waitPreference({ headers }: FastifyRequest, reply: FastifyReply): WaitPreference {
  const waitS = preferredWait(headers.prefer);
  const since = performance.now();
  if (waitS === null) return { since, waitS };
  void reply.header('Preference-Applied', `wait=${String(waitS)}`);
  return { since, waitS, closed: () => whenClosed(reply) };
}

/** Made once: without a reason, every abort would make an error with a stack. */
const CLOSED = new Error('the client closed its connection');

/** Aborts when the connection of this reply is closed. */
export function whenClosed({ raw }: FastifyReply): AbortSignal {
  const closed = new AbortController();
  if (raw.destroyed) closed.abort(CLOSED);
  raw.once('close', () => {
    closed.abort(CLOSED);
  });
  return closed.signal;
}
