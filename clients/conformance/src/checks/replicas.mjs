import { SkipError, fingerprints } from '../outcome.mjs';
import { expectSame } from './same.mjs';

/** With rooms in process memory, clients behind one load balancer end up in different sessions. */
export const replicas = {
  id: 'replicas',
  title: 'clients that join through another replica get the same token',
  async run({ contract, urls, url, room }) {
    if (urls.length < 2) throw new SkipError('needs a second --url');
    const name = room();
    const opened = await contract.open(url, name);
    for (const other of urls.slice(1)) {
      expectSame(opened, await contract.read(other, name), `read at ${other}`);
      expectSame(opened, await contract.open(other, name), `opened at ${other}`);
    }
    return `token ${fingerprints(opened.tokens)} at ${urls.length} URLs`;
  },
};
