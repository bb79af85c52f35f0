import { problemFault, unknownId } from '../contracts/v1.mjs';
import { FaultError } from '../outcome.mjs';

/** Room names can be guessed: without authentication anyone can read the token. */
export const credential = {
  id: 'credential',
  only: '/v1',
  withoutKey: true,
  title: 'a missing or invalid credential is rejected with 401',
  async run({ contract, url, room }) {
    const name = room();
    // An existing session if the key can open one: its existence must not change the response.
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
    if (seen.length > 0) throw new FaultError(seen.slice(0, 2).join('\n'));
    return `${calls.length} routes, 3 credentials`;
  },
};
