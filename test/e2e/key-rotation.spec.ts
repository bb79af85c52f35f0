import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../support/world.js';

describe('rotating the sealing key', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ queue: 'postgres' });
  });
  afterAll(() => world.end());

  it('keeps old tokens readable while new ones are sealed with the new key', async () => {
    const next = `k2:${randomBytes(32).toString('base64')}`;
    const before = await world.client().openRoom('before', { wait: 10 });
    // First rollout: everybody can open the new key, nobody seals with it.
    await world.startGateway({ TOKEN_ENCRYPTION_KEYS: `${world.sealingKeys},${next}` });
    // Second rollout, the worker first: it seals with the new key, while an old gateway is still there.
    await world.worker.end();
    await world.startWorker({ TOKEN_ENCRYPTION_KEYS: `${next},${world.sealingKeys}` });
    const after = await world.client().openRoom('after', { wait: 10 });
    expect(after.status).toBe(201);
    const keys = await world.database.rows('SELECT key_id FROM session_tokens ORDER BY key_id');
    expect(keys).toEqual([{ key_id: 'k1' }, { key_id: 'k2' }]);
    expect((await world.client().read(before.body.id)).body.tokens).toEqual(before.body.tokens);

    // A gateway that was left out of the first rollout says so, and the row stays.
    const lagging = world.client(0);
    const refused = await lagging.read(after.body.id);
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'unavailable' });
    expect((await lagging.read(before.body.id)).body.tokens).toEqual(before.body.tokens);
    expect((await world.client().read(after.body.id)).body.tokens).toEqual(after.body.tokens);
  });
});
