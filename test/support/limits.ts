import { ApiKeysRepository } from '@app/entities';
import { newApiKey, parseApiKey } from '@app/kernel';
import type { Client } from './client.js';
import type { TestApp } from './test-app.js';

const UNKNOWN = `ses_${'x'.repeat(22)}`;

/** A client of the first gateway with a key of its own, limited to this many requests per second. */
export async function clientWithRate(testApp: TestApp, ratePerS: number): Promise<Client> {
  const key = newApiKey();
  const kept = parseApiKey(key);
  if (kept === null) throw new Error('a key of ours is no key');
  const scopes = ['sessions:read'];
  await testApp.gateway.app.get(ApiKeysRepository).ensure({ ...kept, name: 'with a rate', scopes, ratePerS });
  return testApp.newClient(testApp.url, key);
}

/** Whether a request at one gateway counts at the other. Of no use just when the second ends: ask again. */
export async function countTogether(here: Client, there: Client): Promise<boolean> {
  const left = async (client: Client): Promise<number> => {
    const { headers } = await client.read(UNKNOWN);
    return Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1]);
  };
  const [first, second] = [await left(here), await left(there)];
  return second === first - 1;
}
