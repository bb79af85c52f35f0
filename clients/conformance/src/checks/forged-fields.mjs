import { FaultError } from '../outcome.mjs';

const RESERVED = ['wt_token', 'sync_token', 'error'];

/** Free fields and tokens share one object: a free field named like a token must not replace it for other clients. */
export const forgedFields = {
  id: 'forged-fields',
  only: 'room API',
  title: 'a client cannot set the tokens of a room',
  async run({ contract, url, room }) {
    const { fields } = await contract.open(url, room(), Object.fromEntries(RESERVED.map((field) => [field, 'forged'])));
    const taken = RESERVED.filter((field) => fields[field] === 'forged');
    if (taken.length > 0)
      throw new FaultError(`the client that opens a room sets its ${taken.join(', ')} for all clients`);
    return RESERVED.join(', ');
  },
};
