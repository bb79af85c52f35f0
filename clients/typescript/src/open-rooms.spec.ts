import { describe, expect, it } from '@jest/globals';
import { ProblemError } from './errors.js';
import { openAll, type OpenedRoom } from './open-rooms.js';
import type { Problem, Session } from './types.js';

const session = (room: string) => ({ id: `ses_${room}`, status: 'ready' }) as Session;
const problem = (code: string) =>
  new ProblemError({ code, detail: 'later', requestId: 'req_1', retryable: true } as Problem, 429);

async function all(opening: AsyncIterable<OpenedRoom>): Promise<OpenedRoom[]> {
  const opened: OpenedRoom[] = [];
  for await (const one of opening) opened.push(one);
  return opened;
}

describe('opening many rooms', () => {
  it('has no more requests at one time than it was told', async () => {
    let [running, most] = [0, 0];
    const open = async (room: string) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return session(room);
    };
    const rooms = Array.from({ length: 40 }, (_, n) => String(n));
    expect(await all(openAll(rooms, 7, open, undefined))).toHaveLength(40);
    expect(most).toBe(7);
  });

  it('repeats what the server refuses for now, and nothing else', async () => {
    const refusals = new Map([
      ['busy', [problem('rate-limited')]],
      ['broken', [problem('internal')]],
    ]);
    const open = (room: string) => {
      const refusal = refusals.get(room)?.shift();
      return refusal === undefined ? Promise.resolve(session(room)) : Promise.reject(refusal);
    };
    const opened = await all(openAll(['busy', 'broken', 'free'], 3, open, undefined));
    expect(Object.fromEntries(opened.map(({ room, error }) => [room, error?.message.split(':')[0]]))).toEqual({
      free: undefined,
      broken: 'internal',
      busy: undefined,
    });
    expect(opened.at(-1)?.room).toBe('busy');
  });

  it('gives up what is refused for now when it is aborted', async () => {
    const told = new AbortController();
    const open = () => {
      told.abort();
      return Promise.reject(problem('overloaded'));
    };
    const [opened] = await all(openAll(['derby'], 1, open, told.signal));
    expect(opened?.error).toBeInstanceOf(ProblemError);
  });
});
