import { problemFault } from '../contracts/v1.mjs';
import { FaultError, fingerprints } from '../outcome.mjs';
import { holdsTokenOf } from './same.mjs';

/** Closing withdraws a token from clients that have not read it yet. */
export const closed = {
  id: 'closed',
  only: '/v1',
  title: 'a closed session is a 410 without its token, and the next one has another',
  async run({ contract, urls, url, room }) {
    const name = room();
    const old = await contract.open(url, name);
    // Fills the caches of all replicas.
    for (const each of urls) await contract.read(each, name);
    for (const time of ['first', 'second']) {
      const { status } = await contract.close(url, old.id);
      if (status !== 204) throw new FaultError(`the ${time} DELETE responds with ${status} instead of 204`);
    }
    for (const each of urls) await expectClosed(contract, each, name, old);
    const next = await contract.open(url, name);
    if (next.id === old.id || holdsTokenOf(next.reply, old))
      throw new FaultError('opening the room again returns the closed session');
    for (const each of urls) await expectClosed(contract, each, name, old);
    return `token ${fingerprints(old.tokens)}, then ${fingerprints(next.tokens)}`;
  },
};

async function expectClosed(contract, url, name, old) {
  const [byRoom, byId] = await contract.lookUp(url, name, old);
  if (holdsTokenOf(byRoom, old) || holdsTokenOf(byId, old)) throw new FaultError(`the token is still served at ${url}`);
  const fault = problemFault(byId, 410, 'session-closed');
  if (fault !== null) throw new FaultError(`GET /v1/sessions/{id} at ${url} responds with ${fault}`);
}
