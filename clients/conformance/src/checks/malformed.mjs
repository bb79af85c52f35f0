import { FaultError } from '../outcome.mjs';
import { orFault, sendInputs } from './send-inputs.mjs';

/** A client error reported as a 5xx is retried and raises alarms. */
export const malformed = {
  id: 'malformed',
  title: 'malformed JSON and wrong media types are rejected with a 4xx, in JSON',
  async run(context) {
    const { contract, url, room } = context;
    const requests = contract.malformed(room());
    const seen = await sendInputs(context, requests, ({ send, refused }) =>
      orFault(async () => faultOf(await send(url), refused, contract)),
    );
    if (seen.length > 0) throw new FaultError(seen.join('; '));
    return `${requests.length} requests`;
  },
};

function faultOf(reply, refused, contract) {
  if (reply.status >= 500) return String(reply.status);
  if (reply.status >= 400) return contract.refusal(reply);
  return refused ? `${reply.status} instead of a 4xx` : null;
}
