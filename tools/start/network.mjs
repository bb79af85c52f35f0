// Where other devices in the network reach this machine.
import { networkInterfaces } from 'node:os';

const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** Its addresses, if HOST says that all of them are listened on. */
export function networkAddresses(host) {
  if (!EVERY_ADDRESS.includes(host)) return [];
  return Object.values(networkInterfaces())
    .flat()
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
