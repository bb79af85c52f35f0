import { describeCause, endpoint, jittered, type Product, sleep, StartupError } from '@app/kernel';
import { z } from 'zod';

const TIMEOUT_MS = 15_000;
/** A server that says "later" is asked again for as long as it takes; one that does not answer, this often. */
const MAX_FAULTS = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

const session = z.object({ id: z.string() });
const problem = z.object({ code: z.string(), detail: z.string() });

/** The TokenID of a room, or why it has none. */
export interface RoomOutcome {
  room: string;
  tokenId?: string;
  problem?: string;
}

/** Opens rooms through the API: safe to repeat, since a room that is open keeps its session. */
export class OpenRoom {
  private readonly body: string;

  constructor(
    private readonly url: string,
    private readonly apiKey: string,
    products: readonly Product[] | undefined,
  ) {
    if (!URL.canParse(url)) throw new StartupError('--url must be a URL, such as https://auth.example.com');
    this.body = JSON.stringify({ products });
  }

  /** @throws StartupError if the API key is not accepted, since no other room would be opened either */
  async open(room: string): Promise<RoomOutcome> {
    for (let faults = 0, waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const reply = await this.send(room);
      let leastMs = 0;
      if ('cause' in reply) {
        if (++faults >= MAX_FAULTS) return { room, problem: describeCause(endpoint(this.url), reply.cause) };
      } else if (reply.status < 300) return { room, tokenId: session.parse(reply.body).id };
      else {
        const { code, detail } = problem.safeParse(reply.body).data ?? {
          code: `HTTP ${String(reply.status)}`,
          detail: 'no problem document',
        };
        if (reply.status === 401 || code === 'insufficient-scope') throw new StartupError(`${code}: ${detail}`);
        if (![429, 502, 503, 504].includes(reply.status)) return { room, problem: `${code}: ${detail}` };
        leastMs = reply.retryAfterMs;
      }
      await sleep(Math.max(jittered(waitMs), leastMs));
    }
  }

  private async send(
    room: string,
  ): Promise<{ status: number; body: unknown; retryAfterMs: number } | { cause: unknown }> {
    try {
      const reply = await fetch(new URL(`/v1/rooms/${encodeURIComponent(room)}/session`, this.url), {
        method: 'PUT',
        headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
        body: this.body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const retryAfterMs = 1000 * (Number(reply.headers.get('retry-after')) || 0);
      return { status: reply.status, body: parsed(await reply.text()), retryAfterMs };
    } catch (cause) {
      return { cause };
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
