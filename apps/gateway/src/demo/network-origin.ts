import { networkInterfaces } from 'node:os';

const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** Where other devices in the network reach a server that listens on every address; null for any other. */
export function networkOrigin(host: string, port: number | undefined): string | null {
  if (!EVERY_ADDRESS.includes(host) || port === undefined) return null;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  return found === undefined ? null : `http://${found.address}:${String(port)}`;
}
