import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

describe('the log of a worker whose CAS does not give a token', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open();
  });
  afterAll(() => testApp.end());

  it.each([
    ['503', { kind: 'status', status: 503 }, { code: 'cas-unavailable', status: 503, cause: 'CAS is unavailable' }],
    ['a reset', { kind: 'reset' }, { code: 'cas-unavailable', cause: expect.stringContaining('closed by the other') }],
    ['no token', { kind: 'no-token' }, { code: 'cas-bad-reply', status: 200 }],
    ['400', { kind: 'status', status: 400 }, { code: 'cas-rejected', status: 400, cause: 'CAS rejected the call' }],
  ] as const)('says what it answered, without a stack: %s', async (name, fault, expected) => {
    await testApp.cas.fault({ ...fault, times: 1 });
    const { body } = await testApp.client.openRoom(`log ${name}`);
    await eventually(() => {
      const line = testApp.log.find(
        ({ sessionId, msg }) => sessionId === body.id && /minting failed|session failed/.test(msg),
      );
      expect(line).toMatchObject(expected);
      expect(JSON.stringify(line)).not.toContain('stack');
    });
    // Its next attempt must not take the fault of the next test.
    await eventually(async () => {
      expect((await testApp.client.read(body.id)).body.status).toMatch(/ready|failed/);
    });
  });
});
