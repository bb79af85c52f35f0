import { FaultError } from '../outcome.mjs';

/** Clients must be able to distinguish a missing room from a failure. */
export const unknown = {
  id: 'unknown',
  title: 'a missing room is a 404 in the format of the contract',
  async run({ contract, urls, room }) {
    for (const url of urls) {
      const seen = await contract.unknown(url, room('never-opened'));
      if (seen.length > 0) throw new FaultError(seen.join('\n'));
    }
    return '';
  },
};
