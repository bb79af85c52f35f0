import { FaultError, SkipError } from '../outcome.mjs';

/** Every client gets the fields of the client that created the room: which video, whose party. */
export const firstFields = {
  id: 'first-fields',
  title: 'the fields of the first creator are kept',
  async run({ contract, urls, url, room }) {
    const name = room();
    const first = await contract.open(url, name, { playerId: 'first', videoId: 'derby' });
    if (first.fields?.playerId === undefined) throw new SkipError(`the server stores no ${contract.freeFields}`);
    expectFirst(first, 'the first creator');
    expectFirst(await contract.open(urls.at(-1), name, { playerId: 'second', extra: 'late' }), 'a later caller');
    for (const each of urls) expectFirst(await contract.read(each, name), 'a reader');
    return contract.freeFields;
  },
};

function expectFirst(answer, who) {
  if (answer === null) throw new FaultError(`${who} gets 404`);
  const { playerId, videoId, extra } = answer.fields ?? {};
  if (playerId === 'first' && videoId === 'derby' && extra === undefined) return;
  throw new FaultError(`${who} does not get the fields of the first creator`);
}
