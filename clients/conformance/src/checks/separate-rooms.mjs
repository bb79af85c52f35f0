import { atOnce } from '../http.mjs';
import { FaultError, fingerprint, tally } from '../outcome.mjs';

const ROOMS = 20;

/** The opposite of the race: different rooms must be different sessions. */
export const separateRooms = {
  id: 'separate-rooms',
  title: 'no two rooms share a token',
  async run({ contract, urls, room }) {
    const names = Array.from({ length: ROOMS }, (_, i) => room(i + 1));
    const answers = await atOnce(names, (name, i) => contract.open(urls[i % urls.length], name));
    const tokens = answers.flatMap((answer) => Object.values(answer.tokens).map(fingerprint));
    if (new Set(tokens).size < tokens.length) throw new FaultError(`${ROOMS} rooms, tokens ${tally(tokens)}`);
    return `${ROOMS} rooms, ${tokens.length} tokens`;
  },
};
