import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The longest that a reply is held, in s. */
export const MAX_WAIT_S = 30;

/** `Prefer: wait=N` (RFC 7240) in seconds, clamped; null when there is none, or none that can be parsed. */
export function preferredWait(header: string | string[] | undefined): number | null {
  // A comma inside quotes separates nothing.
  const preferences =
    [header ?? []]
      .flat()
      .join(',')
      .match(/(?:"[^"]*"|[^,])+/g) ?? [];
  for (const preference of preferences) {
    // Parameters after a semicolon belong to the preference and mean nothing here.
    const [, , value] = /^\s*wait\s*=\s*("?)(\d+)\1\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (value !== undefined) return Math.min(Number(value), MAX_WAIT_S);
  }
  return null;
}

/** How long a request may be held: when it came in (`performance.now()`), and for how many seconds from then. */
export interface WaitPreference {
  since: number;
  waitS: number | null;
}

/** The patience of a request, by its `Prefer: wait=N`. The reply says what was made of it. */
export const PreferredWait = createParamDecorator((_data: unknown, context: ExecutionContext): WaitPreference => {
  const http = context.switchToHttp();
  const waitS = preferredWait(http.getRequest<FastifyRequest>().headers.prefer);
  if (waitS !== null) void http.getResponse<FastifyReply>().header('Preference-Applied', `wait=${String(waitS)}`);
  return { since: performance.now(), waitS };
});
