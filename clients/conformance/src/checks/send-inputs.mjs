import { FaultError, ServerGoneError } from '../outcome.mjs';

/**
 * Sends the inputs one after the other and returns what is wrong with their responses, each with the name of its input.
 * After each one the server must still respond, so the input that stopped it is known.
 *
 * @throws ServerGoneError
 */
export async function sendInputs({ http, url }, inputs, faultOf) {
  const faults = [];
  for (const input of inputs) {
    const fault = await faultOf(input);
    if (fault !== null) faults.push(`${input.what}: ${fault}`);
    const gone = await http.unreachable(url);
    if (gone === null) continue;
    throw new ServerGoneError(
      [`${url} stopped responding after this input: ${input.what} (${gone})`, ...faults].join('\n'),
    );
  }
  return faults;
}

/** What `work` returns, or the message of the FaultError that it throws. */
export async function orFault(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return error.message;
  }
}
