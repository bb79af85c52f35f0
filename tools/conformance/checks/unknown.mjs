import { Fault } from '../outcome.mjs';

/** A client must be able to tell "no such room" from "something is broken". */
export const unknown = {
  id: 'unknown',
  title: 'what does not exist is a 404 in the shape of the contract',
  async run({ contract, urls, room }) {
    for (const url of urls) {
      const seen = await contract.unknown(url, room('never-opened'));
      if (seen.length > 0) throw new Fault(seen.join('\n'));
    }
    return '';
  },
};
