import { problemFault, unknownId } from '../contracts/v1.mjs';
import { Fault } from '../outcome.mjs';

/** A room's name can be guessed: without a credential the token is anybody's. */
export const credential = {
  id: 'credential',
  only: '/v1',
  withoutKey: true,
  title: 'without a credential, or with a wrong one, the answer is 401',
  async run({ contract, url, room }) {
    const name = room();
    // A real one if the key can make one: that there is something to be had must not change the answer.
    const { id } = await contract.open(url, name).catch(() => ({ id: unknownId() }));
    const calls = [
      ['PUT', contract.path(name)],
      ['GET', contract.path(name)],
      ['GET', `/v1/sessions/${id}`],
      ['DELETE', `/v1/sessions/${id}`],
    ];
    const seen = [];
    for (const authorization of [undefined, 'Bearer wrong', 'Basic d3Jvbmc6d3Jvbmc=']) {
      const headers = authorization === undefined ? {} : { authorization };
      for (const [method, path] of calls) {
        const reply = await contract.http.send(method, `${url}${path}`, { headers });
        const fault =
          problemFault(reply, 401) ?? (reply.headers['www-authenticate'] ? null : '401 without WWW-Authenticate');
        if (fault !== null) seen.push(`${method} with ${authorization ?? 'no credential'}: ${fault}`);
      }
    }
    if (seen.length > 0) throw new Fault(seen.slice(0, 2).join('\n'));
    return `${calls.length} calls, three ways`;
  },
};
