import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { preferredWait } from './prefer-wait.js';

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
