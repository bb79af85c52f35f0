import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { stock } from '../support/pool.js';
import { TestApp } from '../support/test-app.js';

const AT = '2099-11-28T19:45:00.000Z';
const UNTIL = '2099-11-28T21:15:00.000Z';
const BOTH = ['stream', 'sync'];

let testApp: TestApp;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false });
});
afterAll(() => testApp.end());

interface Pool {
  targets: object[];
  schedule: object[];
  changedAt: string | null;
  levels: { [field: string]: unknown; oldestS: number | null }[];
  code?: string;
  errors?: { pointer: string; detail: string }[];
}
/** What is not given is empty. */
const put = (plan: object) => send(Array.isArray(plan) ? plan : { targets: [], schedule: [], ...plan });
const send = (body: unknown) => testApp.client.send<Pool>('PUT', '/v1/pool', { body });
const read = async () => (await testApp.client.send<Pool>('GET', '/v1/pool')).body;
const cli = (...args: string[]) =>
  runCommand(['pool', ...args], { DATABASE_URL: testApp.database.url, NODE_ENV: 'test' });

describe('/v1/pool', () => {
  it('is empty before there is a plan', async () => {
    expect(await read()).toEqual({ targets: [], schedule: [], changedAt: null, levels: [] });
  });

  it('replaces the plan as a whole, in one form, and records who did it', async () => {
    const reply = await put({
      targets: [{ products: ['sync', 'stream'], target: 200 }],
      schedule: [{ products: ['stream'], at: '2099-11-28T20:45:00+01:00', until: UNTIL, target: 10_000 }],
    });
    const plan = {
      targets: [{ products: BOTH, target: 200 }],
      schedule: [{ products: ['stream'], at: AT, until: UNTIL, target: 10_000 }],
    };
    expect([reply.status, reply.body]).toMatchObject([200, plan]);
    expect(Math.abs(Date.parse(String(reply.body.changedAt)) - Date.now())).toBeLessThan(5000);
    await put({ schedule: plan.schedule });
    expect(await read()).toMatchObject({ ...plan, targets: [] });
    const audit = await testApp.client.send<{ items: object[] }>('GET', '/v1/audit');
    const changes = audit.body.items.filter((item) => (item as { action: string }).action === 'change-pool');
    expect(changes).toHaveLength(2);
    expect(changes[0]).toMatchObject({ actor: expect.stringMatching(/^key:/), session: null });
  });

  it('shows the level and the age beside it', async () => {
    await stock(testApp, 2, { ageS: 100 });
    await stock(testApp, 1, { ageS: 100_000 });
    await put({ targets: [{ products: BOTH, target: 9 }] });
    const { levels } = await read();
    expect(levels).toMatchObject([{ products: BOTH, target: 9, level: 2, minting: 0 }]);
    expect(Math.abs((levels[0]?.oldestS ?? 0) - 100)).toBeLessThan(5);
    await put({});
    expect((await read()).levels).toMatchObject([{ products: BOTH, target: 0, level: 2 }]);
    await testApp.database.rows('DELETE FROM pool_sets');
    expect((await read()).levels).toEqual([]);
  });

  const entry = { products: BOTH, at: AT, until: UNTIL, target: 5 };
  it.each<[string, object, string, RegExp]>([
    ['an unknown product', { targets: [{ products: ['chat'], target: 1 }] }, '#/targets/0/products/0', /one of/],
    ['no product', { targets: [{ products: [], target: 1 }] }, '#/targets/0/products', /at least one/],
    ['a product twice', { targets: [{ products: ['sync', 'sync'], target: 1 }] }, '#/targets/0/products', /twice/],
    [
      'the same products twice',
      {
        targets: [
          { products: ['stream', 'sync'], target: 1 },
          { products: ['sync', 'stream'], target: 2 },
        ],
      },
      '#/targets/1/products',
      /same products twice/,
    ],
    ['a negative target', { targets: [{ products: BOTH, target: -1 }] }, '#/targets/0/target', /at least 0/],
    ['too large a target', { targets: [{ products: BOTH, target: 1_000_001 }] }, '#/targets/0/target', /at most/],
    ['half a set', { targets: [{ products: BOTH, target: 1.5 }] }, '#/targets/0/target', /whole number/],
    ['a time without a zone', { schedule: [{ ...entry, at: '2099-11-28T19:45:00' }] }, '#/schedule/0/at', /zone/],
    ['an end before its beginning', { schedule: [{ ...entry, until: AT }] }, '#/schedule/0/until', /later than at/],
    ['no end', { schedule: [{ ...entry, until: undefined }] }, '#/schedule/0/until', /ISO 8601/],
    ['more than 50 entries', { schedule: Array.from({ length: 51 }, () => entry) }, '#/schedule', /at most 50/],
    ['an unknown field', { target: 5 }, '#/target', /./],
    ['a list', [], '#', /object/],
    ['no schedule', { schedule: undefined }, '#/schedule', /array/],
  ])('refuses %s, and keeps the plan', async (_what, body, pointer, detail) => {
    await put({ schedule: [entry] });
    const reply = await put(body);
    expect([reply.status, reply.body.code]).toEqual([422, 'validation-failed']);
    expect(reply.body.errors).toContainEqual({ pointer, detail: expect.stringMatching(detail) });
    expect(await read()).toMatchObject({ targets: [], schedule: [entry] });
  });

  it('is for administrators', async () => {
    const other = await testApp.clientWith('rooms:open', 'sessions:create', 'webhooks:manage');
    const replies = await Promise.all([
      other.send<Pool>('GET', '/v1/pool'),
      other.send<Pool>('PUT', '/v1/pool', { body: { targets: [], schedule: [] } }),
    ]);
    expect(replies.map(({ status, body }) => [status, body.code])).toEqual(Array(2).fill([403, 'insufficient-scope']));
  });
});

describe('cli pool', () => {
  it('sets, shows and clears the plan', async () => {
    await put({});
    expect(await cli('show')).toMatchObject({ code: 0, text: 'The pool has no plan, and no sets.' });
    await stock(testApp, 3, { ageS: 65 });
    expect((await cli('set', '--products', 'sync,stream', '--target', '200')).code).toBe(0);
    const scheduled = await cli(
      ...['set', '--products', 'stream', '--target', '10000', '--at', '2099-11-28T20:45:00+01:00', '--until', UNTIL],
    );
    expect(scheduled.text).toMatch(/stream,sync +200 +always\n/);
    expect(scheduled.text).toContain(`stream       10000   ${AT}  ${UNTIL}`);
    expect(scheduled.text).toMatch(/stream,sync +3 +200 +0 +1 min \d+ s/);
    expect((await cli('set', '--products', 'stream,sync', '--target', '300')).code).toBe(0);
    expect(JSON.parse((await cli('show', '--json')).text)).toMatchObject({
      targets: [{ products: BOTH, target: 300 }],
      schedule: [{ products: ['stream'], at: AT, until: UNTIL, target: 10_000 }],
      levels: [
        { products: ['stream'], target: 0, level: 0 },
        { products: BOTH, target: 300, level: 3 },
      ],
    });
    expect((await cli('clear')).code).toBe(0);
    expect(await read()).toMatchObject({ targets: [], schedule: [] });
    const audit = await testApp.client.send<{ items: object[] }>('GET', '/v1/audit?actor=cli');
    expect(audit.body.items).toHaveLength(4);
    await testApp.database.rows('DELETE FROM pool_sets');
  });

  it('removes what is over from the schedule', async () => {
    await put({ schedule: [{ products: BOTH, at: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z', target: 1 }] });
    await cli('set', '--products', 'stream', '--target', '1');
    expect(await read()).toMatchObject({ targets: [{ products: ['stream'], target: 1 }], schedule: [] });
  });

  it.each([
    [['--products', 'chat', '--target', '1'], /must be a list of stream, sync/],
    [['--products', 'stream', '--target', 'many'], /must be a whole number/],
    [['--products', 'stream', '--target', '1', '--at', AT], /go together/],
    [['--products', 'stream', '--target', '1', '--at', UNTIL, '--until', AT], /later than --at/],
    [['--products', 'stream', '--target', '1', '--at', '20:30', '--until', UNTIL], /ISO 8601/],
  ])('refuses %j', async (args, text) => {
    const result = await cli('set', ...args);
    expect([result.code, result.text]).toEqual([2, expect.stringMatching(text)]);
  });
});
