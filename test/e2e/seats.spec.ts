import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { outcome, renewSeat, takeSeat } from '../support/seats.js';
import { TestDeployment } from '../support/test-deployment.js';

const MAX = 16;

describe('seats, while a gateway is killed', () => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 2, env: { MAX_PARTICIPANTS: String(MAX) } });
  });
  afterAll(() => deployment.end());

  const rows = (session: string) =>
    deployment.database.rows<{ id: string; name: string }>('SELECT id, name FROM seats WHERE session_id = $1', [
      session,
    ]);

  it('are never more than the limit, never lost once acknowledged, and free again after their lease', async () => {
    const [survivor, victim] = [deployment.client(0), deployment.client(1)];
    const session = (await survivor.openRoom('crowded', { wait: 15 })).body.id;
    const race = Array.from({ length: 200 }, (_, n) =>
      takeSeat(n % 2 === 0 ? survivor : victim, session, `racer ${n}`).catch(() => null),
    );
    // As soon as the first seats are taken, others are under way.
    await eventually(async () => {
      expect(await rows(session)).not.toEqual([]);
    });
    await deployment.gateways[1]?.kill9();
    const replies = (await Promise.all(race)).filter((reply) => reply !== null);
    const taken = replies.filter(({ status }) => status === 201).map(({ body }) => body);
    expect(new Set(replies.map(outcome))).toEqual(new Set(['201', '409 session-full']));

    const held = await rows(session);
    expect(held).toHaveLength(MAX);
    expect(held.map(({ id }) => id)).toEqual(expect.arrayContaining(taken.map(({ id }) => id)));

    // Owners renew through any gateway. Those whose owners never learned of them lapse.
    for (const seat of taken) expect(outcome(await renewSeat(survivor, seat))).toBe('200');
    await deployment.database.rows(
      'UPDATE seats SET lease_until = now() WHERE session_id = $1 AND NOT (id = ANY($2))',
      [session, taken.map(({ id }) => id)],
    );
    await eventually(async () => {
      expect(await rows(session)).toHaveLength(taken.length);
    });
    for (let n = taken.length; n < MAX; n++)
      expect(outcome(await takeSeat(survivor, session, `late ${n}`))).toBe('201');
    expect(outcome(await takeSeat(survivor, session, 'one more'))).toBe('409 session-full');
  }, 60_000);
});
