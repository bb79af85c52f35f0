import type { FastifyRequest } from 'fastify';

const HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
/** What proxies and tunnels add: behind one, every request comes from this machine. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/**
 * Whether a browser on this machine shows a page of this server, under a name of this machine. Refused are names of other
 * owners that resolve to this machine (DNS rebinding), and requests that a proxy passes on.
 */
export function isOwnBrowser({ headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>): boolean {
  const { host = '', origin } = headers;
  if (!ADDRESSES.has(socket.remoteAddress ?? '')) return false;
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  if (!URL.canParse(`http://${host}`) || !HOSTS.has(new URL(`http://${host}`).hostname)) return false;
  return origin === undefined || origin === `http://${host}`;
}
