import { Fault, fingerprints } from '../outcome.mjs';

const DEADLINE_MS = 10_000;

/** Room names come from share links, so from anybody; an object as a map of rooms has names of its own. */
export const oddNames = {
  id: 'odd-names',
  title: 'odd names break nothing, and nothing leaks from them into other rooms',
  async run({ contract, url, room }) {
    const marker = room('marker');
    const requests = contract.oddRequests(room('odd'), marker);
    const seen = [];
    for (const { what, send } of requests) {
      const fault = await faultOf(contract, () => send(url, { deadlineMs: DEADLINE_MS }));
      if (fault !== null) seen.push(`${what}: ${fault}`);
    }
    const [one, other] = [await contract.open(url, room('one')), await contract.open(url, room('other'))];
    if ([one, other].some(({ reply }) => reply.text.includes(`"${marker}"`))) {
      seen.push('a field sent with an odd name turns up in a fresh room');
    }
    if (Object.values(one.tokens).some((token) => other.reply.text.includes(token))) {
      seen.push(`two fresh rooms share token ${fingerprints(one.tokens)}`);
    }
    if (seen.length > 0) throw new Fault(abridged(seen));
    return `${requests.length} requests`;
  },
};

async function faultOf(contract, send) {
  try {
    const reply = await send();
    return reply.status >= 500 ? String(reply.status) : contract.faultOf(reply);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.message;
  }
}

/** What is seen should fit into two lines. */
function abridged(seen, most = 8) {
  return seen.length <= most ? seen.join('; ') : `${seen.slice(0, most).join('; ')}; ${seen.length - most} more`;
}
