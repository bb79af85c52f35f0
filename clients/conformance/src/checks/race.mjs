import { atOnce } from '../http.mjs';
import { FaultError, fingerprints, tally } from '../outcome.mjs';

/** A server that checks, awaits, then writes gives each of the first clients a session of its own. */
export const race = {
  id: 'race',
  title: 'clients that open one new room at the same time get the same token',
  async run({ contract, urls, room, options: { racers } }) {
    const name = room();
    const racing = Array.from({ length: racers }, (_, i) => urls[i % urls.length]);
    const openings = await atOnce(racing, (url) => caught(() => contract.race(url, name)));
    const answers = await atOnce(openings, (opening, i) =>
      opening.error ? opening : caught(() => contract.settle(racing[i], opening)),
    );

    const errors = answers.filter(({ error }) => error).map(({ error }) => error);
    const served = answers.filter(({ error }) => !error);
    const tokens = served.map((answer) => fingerprints(answer.tokens));
    const ids = new Set(served.map(({ id }) => id));
    const kinds = new Set(tokens).size;

    const seen = [];
    if (kinds > 1) seen.push(`${served.length} clients of one room hold ${kinds} different tokens: ${tally(tokens)}`);
    if (ids.size > 1) seen.push(`they got ${ids.size} different session ids`);
    if (errors.length > 0) seen.push(`${errors.length} of ${racers} got no token: ${tally(errors)}`);
    if (seen.length > 0) throw new FaultError(seen.join('\n'));
    return `${racers} clients, ${urls.length} URL${urls.length > 1 ? 's' : ''}, token ${tokens[0]}`;
  },
};

async function caught(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { error: error.message };
  }
}
