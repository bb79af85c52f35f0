import { Skip, fingerprints } from '../outcome.mjs';
import { expectSame } from './same.mjs';

/** Rooms in a process's memory: two replicas behind a balancer are two worlds. */
export const replicas = {
  id: 'replicas',
  title: 'whoever joins through another replica gets the same token',
  async run({ contract, urls, url, room }) {
    if (urls.length < 2) throw new Skip('it needs a second --url');
    const name = room();
    const opened = await contract.open(url, name);
    for (const other of urls.slice(1)) {
      expectSame(opened, await contract.read(other, name), `read at ${other}`);
      expectSame(opened, await contract.open(other, name), `opened at ${other}`);
    }
    return `token ${fingerprints(opened.tokens)} at ${urls.length} URLs`;
  },
};
