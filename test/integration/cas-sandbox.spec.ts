import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FAULT_DESCRIPTIONS } from '../../apps/cas-sandbox/src/faults/fault.js';
import { type Call, fingerprint, type RunningSandbox, startCasSandbox, VENDOR_TEXT } from '../support/cas-sandbox.js';
import { eventually } from '../support/eventually.js';
import { describeWithCurl, runInShell } from '../support/shell.js';
import { snippet } from '../support/snippets.js';

const PAGE = 'docs/cas-sandbox.md';
const page = readFileSync(join(import.meta.dirname, '../..', PAGE), 'utf8');

let sandbox: RunningSandbox;
beforeAll(async () => {
  sandbox = await startCasSandbox();
});
afterAll(() => sandbox.close());
beforeEach(async () => {
  await sandbox.clearFaults();
  await sandbox.clearJournal();
});

const headers = () => ({ 'Auth-API-Key': sandbox.apiKey, 'Auth-API-Secret': sandbox.apiSecret });
const chat = (query: string) => fetch(`${sandbox.url}/public-chat/token/${query}`, { headers: headers() });
const tokenOf = async (response: Response) => ((await response.json()) as { token: string }).token;
const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('public chat', () => {
  it('issues a token for the user, a new one on every call', async () => {
    const tokens = [await tokenOf(await chat('?sub=ann%2Fb')), await tokenOf(await chat('?sub=ann%2Fb'))];
    expect(tokens.map((token) => claims(token).sub)).toEqual(['ann/b', 'ann/b']);
    expect(new Set(tokens).size).toBe(2);
  });

  it('records the user as a fingerprint only', async () => {
    await chat('?sub=ann%2Fb');
    const [call] = await sandbox.journal();
    expect(call).toMatchObject({
      product: 'chat',
      path: '/public-chat/token/',
      credentials: 'valid',
      status: 200,
      subFingerprint: fingerprint('ann/b'),
    });
    expect(JSON.stringify(call)).not.toContain('ann');
  });

  it('rejects calls that do not name exactly one user, which use up no fault', async () => {
    await sandbox.fault({ kind: 'empty', times: 1 });
    const replies = [await chat(''), await chat('?sub='), await chat('?sub=a&sub=b')];
    expect(replies.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(await sandbox.faults()).toHaveLength(1);
    expect((await sandbox.summary()).chat).toEqual({ calls: 3, tokens: 0 });
  });

  it('is subject to faults for chat, and to no others', async () => {
    await sandbox.fault({ kind: 'status', status: 500, product: 'stream' });
    await sandbox.fault({ kind: 'status', status: 503, retryAfter: '7', product: 'chat', times: 1 });
    const failed = await chat('?sub=ann');
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await failed.text()).toContain(VENDOR_TEXT);
    expect((await chat('?sub=ann')).status).toBe(200);
  });

  it.each(['expired-token', 'no-exp'] as const)('keeps the user in a token of the fault %s', async (kind) => {
    await sandbox.fault({ kind, product: 'chat', times: 1 });
    expect(claims(await tokenOf(await chat('?sub=ann')))).toHaveProperty('sub', 'ann');
  });
});

describeWithCurl()(`${PAGE}, its curl lines`, () => {
  /** Runs a line of the page and returns the response. */
  async function run(line: string): Promise<unknown> {
    const stdout = await runInShell(line, {
      sandbox: sandbox.url,
      json: 'Content-Type: application/json',
      CAS_API_KEY: sandbox.apiKey,
      CAS_API_SECRET: sandbox.apiSecret,
    });
    return stdout === '' ? undefined : JSON.parse(stdout);
  }
  const lines = (name: string) => snippet(PAGE, name).trim().split('\n');
  async function runAll(name: string): Promise<unknown[]> {
    const replies: unknown[] = [];
    for (const line of lines(name)) replies.push(await run(line));
    return replies;
  }

  it('are all run here', () => {
    const blocks = [...page.matchAll(/(?:<!-- tested: ([\w-]+) -->\n+)?```sh\n([^]*?)```/g)];
    const withCurl = blocks.filter(([, , code]) => code?.includes('curl'));
    expect(withCurl.map(([, name]) => name)).toEqual(['index', 'tokens', 'faults', 'held', 'journal']);
  });

  it('show the index, which lists every call, command and fault', async () => {
    const [index] = await runAll('index');
    expect(index).toMatchObject({
      documentation: PAGE,
      tokens: { stream: 'GET /stream/token/v2/', chat: 'GET /public-chat/token/?sub=USER_ID' },
      faults: FAULT_DESCRIPTIONS,
    });
    const { commands } = index as { commands: Record<string, string> };
    const statuses = await Promise.all(
      Object.keys(commands).map(async (command) => {
        const [method = '', path = ''] = command.split(' ');
        return [command, (await fetch(sandbox.url + path, { method })).status];
      }),
    );
    expect(statuses.filter(([, status]) => status === 404)).toEqual([]);
  });

  it('get tokens', async () => {
    const replies = (await runAll('tokens')) as { token: string }[];
    expect((await sandbox.journal()).map((call) => [call.product, call.tokenFingerprint])).toEqual(
      ['stream', 'sync', 'chat'].map((product, i) => [product, fingerprint(replies[i]?.token ?? '')]),
    );
    expect(claims(replies[2]?.token ?? '')).toHaveProperty('sub', 'ann');
  });

  it('add, list and remove faults', async () => {
    const replies = (await runAll('faults')) as { faults: { kind: string }[] }[];
    const kinds = ['status', 'status', 'redirect', 'delay', 'reset'];
    expect(replies.slice(0, 5).map(({ faults }) => faults.map(({ kind }) => kind))).toEqual(
      kinds.map((_, i) => kinds.slice(0, i + 1)),
    );
    expect(replies[5]).toEqual(replies[4]);
    expect(replies[6]).toEqual({ released: 0 });
    expect(await sandbox.faults()).toEqual([]);
  });

  it('hold replies and release them', async () => {
    const [hang = '', held = '', release = ''] = lines('held');
    await run(hang);
    const reply = fetch(`${sandbox.url}/sync/token/`, { headers: headers() });
    await eventually(async () => {
      expect(await run(held)).toEqual({ held: 1 });
    });
    expect(await run(release)).toEqual({ released: 1 });
    expect((await reply).status).toBe(200);
  });

  it('read and clear the journal', async () => {
    await chat('?sub=ann');
    const [journal, summary] = (await runAll('journal')) as [{ calls: Call[] }, object];
    expect(journal.calls).toHaveLength(1);
    expect(summary).toMatchObject({ chat: { calls: 1, tokens: 1 }, total: { calls: 1, tokens: 1 } });
    expect(await sandbox.journal()).toEqual([]);
  });
});

describe(PAGE, () => {
  it('describes every fault as the code does', () => {
    const [, table = ''] = page.split('| kind | effect |\n|---|---|\n');
    const rows = [...table.matchAll(/^\| `([\w-]+)` \| (.+) \|$/gm)].map(([, kind, effect]) => [kind, effect]);
    const decapitalized = (text: string) =>
      (text.startsWith('A ') ? 'a' : text.slice(0, 1).toLowerCase()) + text.slice(1);
    expect(rows).toEqual(Object.entries(FAULT_DESCRIPTIONS).map(([kind, text]) => [kind, decapitalized(text)]));
  });

  it('names the text that error pages contain', () => {
    expect(page).toContain(VENDOR_TEXT);
  });
});
