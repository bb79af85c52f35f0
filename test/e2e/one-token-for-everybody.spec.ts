import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '../../clients/typescript/src/index.js';
import { fingerprint } from '../support/cas-sandbox.js';
import { expectInvariants } from '../support/invariants.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';

describe.each<Backend>(['postgres', 'redis'])('with the queue in %s', (queue) => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue, gateways: 2, workers: 1 });
  });
  afterAll(() => deployment.end());

  /** The client that customers use, on the n-th gateway. */
  const client = (n: number) => createClient({ baseUrl: deployment.client(n).url, credential: deployment.apiKey });

  it('gives every client of a room, on any gateway, the token that CAS issued once', async () => {
    const first = await client(0).waitUntilReady(await client(0).openRoom('derby'));
    const second = await client(1).openRoom('derby');
    const third = await client(1).read(first.id);
    expect(second).toEqual(first);
    expect(third).toEqual(first);

    const calls = await deployment.cas.journal();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.tokenFingerprint).toBe(fingerprint(first.tokens.stream ?? ''));
    await expectInvariants(deployment, [first.id]);
  });

  it('still knows the token after every process was killed, and asks CAS no more', async () => {
    const before = await client(0).openRoom('derby');
    await Promise.all([...deployment.gateways, ...deployment.workers].map((process) => process.kill9()));
    await Promise.all([deployment.startGateway(), deployment.startWorker()]);
    const after = await client(deployment.clients.length - 1).openRoom('derby', { wait: 10 });
    expect(after.tokens).toEqual(before.tokens);
    expect(await deployment.cas.journal()).toHaveLength(1);
  });
});
