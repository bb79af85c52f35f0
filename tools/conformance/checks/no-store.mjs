import { Fault, Warning } from '../outcome.mjs';
import { holdsTokenOf } from './same.mjs';

/** A cache between server and clients would go on serving a token that was closed or has expired, to anybody. */
export const noStore = {
  id: 'no-store',
  title: 'replies that hold a token are not to be cached',
  async run({ contract, url, room }) {
    const name = room();
    const opened = await contract.open(url, name);
    const replies = [opened.reply, ...(await contract.lookUp(url, name, opened))];
    const holding = replies.filter((reply) => holdsTokenOf(reply, opened));
    const cacheable = holding.filter(({ headers }) => !/\bno-store\b/i.test(String(headers['cache-control'])));
    if (cacheable.length === 0) return `${holding.length} replies`;
    const seen = `${cacheable.length} of ${holding.length} replies with a token lack Cache-Control: no-store`;
    // The room contract does not ask for it.
    throw contract.name === '/v1' ? new Fault(seen) : new Warning(seen);
  },
};
