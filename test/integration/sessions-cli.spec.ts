import { newSessionId } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const QUEUE_PREFIX = 'sessions-cli';

let testApp: TestApp;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false, env: { QUEUE_PREFIX } });
  // No help from the sweeper: what is minted here was queued by the commands.
  await testApp.startWorker({ SWEEP_EVERY_MS: '60000' });
});
afterAll(() => testApp.end());

async function cli(...args: string[]) {
  const { code, text } = await runCommand(args, { DATABASE_URL: testApp.database.url, QUEUE_PREFIX });
  expect(text).not.toMatch(/eyJ|v1\.k1|"sealed"/);
  return { code, text };
}

async function failed(count: number, failureCode: string): Promise<string[]> {
  const ids = Array.from({ length: count }, newSessionId);
  await testApp.database.rows(
    `INSERT INTO sessions (id, generation, status, failure_code, products, created_by, deadline_at, due_at, ended_at)
     SELECT id, 1, 'failed', $2, '{stream}', 'key:test', now(), now(), now() FROM unnest($1::text[]) id`,
    [ids, failureCode],
  );
  return ids;
}

async function expectStatus(ids: string[], status: string) {
  await eventually(async () => {
    const rows = await testApp.database.rows('SELECT DISTINCT status FROM sessions WHERE id = ANY($1)', [ids]);
    expect(rows).toEqual([{ status }]);
  }, 9000);
}

describe('the operator’s commands for sessions', () => {
  it('list, show, retry and close them, and show no token', async () => {
    const { body: derby } = await testApp.client.openRoom('derby', { wait: 10, body: { metadata: { match: 7 } } });
    const [one = ''] = await failed(1, 'cas-rejected');
    const all = await cli('sessions', 'list');
    expect(all.text).toMatch(new RegExp(`${derby.id} +derby #1 +ready +stream `));
    expect(all.text).toMatch(new RegExp(`${one} +- +failed .*cas-rejected`));
    expect((await cli('sessions', 'list', '--room', 'derby', '--status', 'failed')).text).toBe('No sessions found.');

    const shown = JSON.parse((await cli('sessions', 'show', derby.id, '--json')).text) as object;
    expect(shown).toMatchObject({ id: derby.id, room: 'derby', status: 'ready', metadata: { match: 7 } });
    expect(shown).not.toHaveProperty('tokens');

    expect(await cli('sessions', 'retry', one)).toEqual({ code: 0, text: 'The session is pending.' });
    await expectStatus([one], 'ready');
    expect((await cli('sessions', 'close', one)).code).toBe(0);
    await expectStatus([one], 'closed');
    expect(
      await testApp.database.rows('SELECT 1 FROM session_tokens WHERE session_id = $1 AND sealed IS NOT NULL', [one]),
    ).toEqual([]);
    expect(await cli('sessions', 'retry', one)).toMatchObject({ code: 1, text: expect.stringContaining('closed') });
  }, 120_000);

  it('put back what failed, all or of one code, with progress', async () => {
    const refused = await failed(2, 'cas-credentials-rejected');
    const away = await failed(11, 'cas-unavailable');
    await testApp.database.rows(`UPDATE sessions SET status = 'pending' WHERE id = $1`, [away[0]]);
    const some = await cli('redrive', '--code', 'cas-credentials-rejected');
    expect([some.code, some.text]).toEqual([0, expect.stringContaining('2 of 2 failed sessions set back to pending.')]);
    await expectStatus(refused, 'ready');
    const all = await cli('redrive', '--all', '--json');
    expect(all.text).toContain('11 of 11 sessions');
    expect(all.text).toContain('{"failed":11,"pending":11}');
    await expectStatus(away, 'ready');
  }, 120_000);

  it.each([
    [['redrive'], 2, 'either --all or --code'],
    [['sessions', 'close', newSessionId()], 1, 'Session ses_'],
    [['sessions', 'show', 'secret-pasted-here'], 1, 'Invalid TokenID'],
  ])('refuse %j with %i', async (args, wanted, words) => {
    const { code, text } = await cli(...args);
    expect([code, text]).toEqual([wanted, expect.stringContaining(words)]);
    expect(text).not.toContain('secret-pasted');
  });
});
