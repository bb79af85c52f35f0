import { Fault, Skip } from '../outcome.mjs';

/** What the opener said about the room (which video, whose party) is what every joiner is told. */
export const firstFields = {
  id: 'first-fields',
  title: 'what the first creator said of a room stays',
  async run({ contract, urls, url, room }) {
    const name = room();
    const first = await contract.open(url, name, { playerId: 'first', videoId: 'derby' });
    if (first.fields?.playerId === undefined) throw new Skip(`the server keeps no ${contract.freeFields}`);
    expectFirst(first, 'the first creator');
    expectFirst(await contract.open(urls.at(-1), name, { playerId: 'second', extra: 'late' }), 'a later caller');
    for (const each of urls) expectFirst(await contract.read(each, name), 'a reader');
    return contract.freeFields;
  },
};

function expectFirst(answer, who) {
  if (answer === null) throw new Fault(`${who} is told 404`);
  const { playerId, videoId, extra } = answer.fields ?? {};
  if (playerId === 'first' && videoId === 'derby' && extra === undefined) return;
  throw new Fault(`${who} is not told what the first creator said`);
}
