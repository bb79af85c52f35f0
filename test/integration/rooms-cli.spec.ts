import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { TestApp } from '../support/test-app.js';

let testApp: TestApp;
let directory: string;
beforeAll(async () => {
  testApp = await TestApp.open();
  directory = await mkdtemp(join(tmpdir(), 'rooms-'));
});
afterAll(async () => {
  await testApp.end();
  await rm(directory, { recursive: true });
});

const open = (file: string, API_KEY: string, url = testApp.url, ...more: string[]) =>
  runCommand(['rooms', 'open', '--file', file, '--url', url, ...more], { API_KEY });

const openedIn = async (file: string) =>
  (await readFile(`${file}.opened`, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { room: string; tokenId: string });

describe('`rooms open`', () => {
  it('opens the rooms of a file, notes each with its TokenID, and goes on where it ended', async () => {
    const file = join(directory, 'rooms.txt');
    const names = Array.from({ length: 150 }, (_, n) => `cup ${String(n)}`);
    await writeFile(file, ['# the cup', ...names, '', 'cup 7', 'no/room'].join('\n'));
    const first = await open(file, testApp.apiKey, testApp.url, '--concurrency', '20', '--products', 'stream,sync');
    expect([first.code, first.text]).toEqual([1, expect.stringMatching(/150 rooms opened, 1 failed.*\n +no\/room: /)]);
    const opened = await openedIn(file);
    expect(opened.map(({ room }) => room).toSorted()).toEqual(names.toSorted());
    const { body } = await testApp.client.readRoom('cup 3', { wait: 10 });
    expect([body.id, body.products]).toEqual([
      opened.find(({ room }) => room === 'cup 3')?.tokenId,
      ['stream', 'sync'],
    ]);

    // As after it was killed: one line is lost, and another one cut off.
    const kept = opened.slice(2).map((one) => JSON.stringify(one));
    await writeFile(`${file}.opened`, `${kept.join('\n')}\n{"room":"cup 1`);
    await writeFile(file, names.join('\n'));
    const again = await open(file, testApp.apiKey, testApp.url, '--products', 'stream,sync');
    expect([again.code, again.text]).toEqual([0, expect.stringContaining('2 rooms opened, 0 failed')]);
    expect(await testApp.sessions()).toBe(150);
  });

  it('stops at once with a key that may not, and needs one', async () => {
    const file = join(directory, 'others.txt');
    await writeFile(file, Array.from({ length: 50 }, (_, n) => `other ${String(n)}`).join('\n'));
    const { apiKey } = await testApp.clientWith('sessions:read');
    expect(await open(file, String(apiKey))).toMatchObject({
      code: 1,
      text: expect.stringContaining('insufficient-scope'),
    });
    expect(await open(file, '')).toMatchObject({ code: 1, text: expect.stringContaining('API_KEY is not set') });
    const absent = await open(join(directory, 'absent.txt'), testApp.apiKey);
    expect(absent).toMatchObject({ code: 1, text: expect.stringContaining('cannot be read') });
  });

  it('names the address and the cause of a server that cannot be reached', async () => {
    const file = join(directory, 'unreachable.txt');
    await writeFile(file, 'derby');
    const { code, text } = await open(file, testApp.apiKey, 'http://127.0.0.1:9');
    expect([code, text]).toEqual([1, expect.stringMatching(/derby: .*127\.0\.0\.1:9.*refused/i)]);
  }, 30_000);
});
