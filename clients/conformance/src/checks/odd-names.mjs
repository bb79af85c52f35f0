import { FaultError, fingerprints } from '../outcome.mjs';
import { orFault, sendInputs } from './send-inputs.mjs';

const DEADLINE_MS = 10_000;

/** Room names come from share links, so from any client; a plain object used as a map has properties of its own. */
export const oddNames = {
  id: 'odd-names',
  title: 'odd names cause no error and leak nothing into other rooms',
  async run(context) {
    const { contract, url, room } = context;
    const marker = room('marker');
    const requests = contract.oddRequests(room('odd'), marker);
    const seen = await sendInputs(context, requests, ({ send }) =>
      orFault(async () => {
        const reply = await send(url, { deadlineMs: DEADLINE_MS });
        return reply.status >= 500 ? String(reply.status) : contract.faultOf(reply);
      }),
    );
    const [one, other] = [await contract.open(url, room('one')), await contract.open(url, room('other'))];
    if ([one, other].some(({ reply }) => reply.text.includes(`"${marker}"`))) {
      seen.push('a field sent with an odd name appears in a new room');
    }
    if (Object.values(one.tokens).some((token) => other.reply.text.includes(token))) {
      seen.push(`two new rooms share token ${fingerprints(one.tokens)}`);
    }
    if (seen.length > 0) throw new FaultError(abridged(seen));
    return `${requests.length} requests`;
  },
};

/** Keeps the report to about two lines. */
function abridged(seen, most = 8) {
  return seen.length <= most ? seen.join('; ') : `${seen.slice(0, most).join('; ')}; ${seen.length - most} more`;
}
