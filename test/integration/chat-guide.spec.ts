import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '../../clients/typescript/src/index.js';
import { claimsOf } from '../support/chat.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { runSnippet, snippet } from '../support/snippets.js';
import { TestApp } from '../support/test-app.js';

const GUIDE = 'docs/clients/chat.md';
const codeOf = (name: string) => snippet(GUIDE, name).replace(/^import .*$/gm, '');

/** What the vendor's SDKs were told; their signatures are those of its documentation. */
function fakeSdks() {
  const calls: unknown[][] = [];
  const PChatSDK = { connect: (...args: unknown[]) => Promise.resolve(calls.push(['chat', ...args])) };
  class SyncSDK {
    createGroup = (...args: unknown[]) => Promise.resolve(calls.push(['group', ...args]));
  }
  return { calls, PChatSDK, SyncSDK };
}

describe('the code of the chat guide', () => {
  let testApp: TestApp;
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await IdentityProvider.start();
    testApp = await TestApp.open({
      env: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', OIDC_DEFAULT_SCOPES: 'chat:mint' },
    });
  });
  afterAll(async () => {
    await testApp.end();
    await provider.close();
  });

  it('connects a page with the token of its user, by a backend and by the user’s own JWT', async () => {
    const { apiKey } = await testApp.clientWith('chat:mint');
    const baseUrl = testApp.url;
    const backend = `${codeOf('backend')}\nreturn chatToken;`;
    const chatToken = (await runSnippet(backend, { createClient, baseUrl, apiKey })) as (
      user: object,
    ) => Promise<object>;
    const { calls, PChatSDK } = fakeSdks();
    const page = { PChatSDK, roomId: 'derby', userName: 'Anna' };
    const fetch = async () => Response.json(await chatToken({ id: 'u-1' }));
    await runSnippet(codeOf('page'), { ...page, fetch });
    const jwt = await provider.token('u-1');
    await runSnippet(codeOf('own'), { ...page, createClient, baseUrl, jwt });
    const [[, , , token] = []] = calls;
    expect(calls).toEqual(Array(2).fill(['chat', 'derby', 'Anna', token]));
    expect(claimsOf(String(token)).sub).toBe('u-1');
    expect(await testApp.cas.summary()).toMatchObject({ chat: { calls: 1 } });
  });

  it('creates the group of a group chat with the sync token of the session', async () => {
    const { body: session } = await testApp.client.openRoom('derby', { wait: 20, body: { products: ['sync'] } });
    const { calls, SyncSDK } = fakeSdks();
    await runSnippet(codeOf('group'), { SyncSDK, session, clientName: 'Anna' });
    expect(calls).toEqual([['group', session.tokens?.sync, 'Anna']]);
  });
});
