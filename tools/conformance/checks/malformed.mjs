import { Fault } from '../outcome.mjs';

/** A client's slip is the client's: told as a 5xx it is retried for ever and wakes somebody up. */
export const malformed = {
  id: 'malformed',
  title: 'malformed JSON and the wrong media type are refused with a 4xx, in JSON',
  async run({ contract, url, room }) {
    const requests = contract.malformed(room());
    const seen = [];
    for (const { what, refused, send } of requests) {
      const fault = faultOf(await send(url), refused, contract);
      if (fault !== null) seen.push(`${what}: ${fault}`);
    }
    if (seen.length > 0) throw new Fault(seen.join('; '));
    return `${requests.length} requests`;
  },
};

function faultOf(reply, refused, contract) {
  if (reply.status >= 500) return String(reply.status);
  if (reply.status >= 400) return contract.refusal(reply);
  return refused ? `${reply.status} instead of a 4xx` : null;
}
