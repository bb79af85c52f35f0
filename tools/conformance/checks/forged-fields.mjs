import { Fault } from '../outcome.mjs';

const OURS = ['wt_token', 'sync_token', 'error'];

/** Free fields lie beside the tokens in one object: a caller who names one like a token sends everybody elsewhere. */
export const forgedFields = {
  id: 'forged-fields',
  only: 'room API',
  title: 'no caller can set a token of a room',
  async run({ contract, url, room }) {
    const { fields } = await contract.open(url, room(), Object.fromEntries(OURS.map((field) => [field, 'forged'])));
    const taken = OURS.filter((field) => fields[field] === 'forged');
    if (taken.length > 0) throw new Fault(`whoever opens a room sets its ${taken.join(', ')} for everybody`);
    return OURS.join(', ');
  },
};
