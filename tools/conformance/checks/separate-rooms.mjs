import { atOnce } from '../http.mjs';
import { Fault, fingerprint, tally } from '../outcome.mjs';

const ROOMS = 20;

/** The opposite of the race: who is in another room must be in another session. */
export const separateRooms = {
  id: 'separate-rooms',
  title: 'no two rooms share a token',
  async run({ contract, urls, room }) {
    const names = Array.from({ length: ROOMS }, (_, i) => room(i + 1));
    const answers = await atOnce(names, (name, i) => contract.open(urls[i % urls.length], name));
    const tokens = answers.flatMap((answer) => Object.values(answer.tokens).map(fingerprint));
    if (new Set(tokens).size < tokens.length) throw new Fault(`${ROOMS} rooms, tokens ${tally(tokens)}`);
    return `${ROOMS} rooms, ${tokens.length} tokens`;
  },
};
