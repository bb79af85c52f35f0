import { FaultError, WarningError } from '../outcome.mjs';
import { holdsTokenOf } from './same.mjs';

/** A shared cache would keep serving a closed or expired token, to any client. */
export const noStore = {
  id: 'no-store',
  title: 'responses with a token are not cacheable',
  async run({ contract, url, room }) {
    const name = room();
    const opened = await contract.open(url, name);
    const replies = [opened.reply, ...(await contract.lookUp(url, name, opened))];
    const holding = replies.filter((reply) => holdsTokenOf(reply, opened));
    const cacheable = holding.filter(({ headers }) => !/\bno-store\b/i.test(String(headers['cache-control'])));
    if (cacheable.length === 0) return `${holding.length} responses`;
    const seen = `${cacheable.length} of ${holding.length} responses with a token lack Cache-Control: no-store`;
    // The room contract does not require it.
    throw contract.name === '/v1' ? new FaultError(seen) : new WarningError(seen);
  },
};
