import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Process } from '../support/process.js';
import { TestApp } from '../support/test-app.js';

/** The built program, once for each command; what the commands do is tested in process (`test/support/cli.ts`). */
describe('the built command line', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(() => testApp.end());

  const run = async (...args: string[]) => {
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: testApp.database.url,
      TOKEN_ENCRYPTION_KEYS: testApp.sealingKeys,
      CAS_URL: testApp.cas.url,
      CAS_API_KEY: testApp.cas.apiKey,
      CAS_API_SECRET: testApp.cas.apiSecret,
    };
    const process = new Process('cli', env, args);
    const { code } = await process.exited;
    await process.silent;
    return [args.join(' '), code, process.everything()] as const;
  };

  it.each([
    [['migrate'], 0, 'already up to date'],
    [['keys', 'list'], 0, 'bootstrap'],
    [['sessions', 'list'], 0, 'No sessions found'],
    [['redrive', '--all'], 0, '0 failed'],
    [['reseal'], 0, 'key'],
    [['subjects', 'erase', 'anna'], 0, '0'],
    [['doctor'], 0, 'database'],
    [['doctor', '--mint', '--yes'], 0, 'CAS issued a stream token'],
    [['doctor', '--mint'], 1, 'Repeat the command with --yes'],
    [['queue', 'status'], 0, 'The queue is running'],
    [['--help'], 0, 'Operator commands'],
    [['no-such-command'], 2, 'unknown command'],
  ])('runs: %j', async (args, code, text) => {
    expect(await run(...args)).toEqual([args.join(' '), code, expect.stringContaining(text)]);
  });
});
