import type { FastifyRequest } from 'fastify';

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
/** Set by proxies and tunnels, which connect from this machine on behalf of remote clients. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * Whether the request comes from this machine and from one of our pages. The address alone is not enough: a foreign page
 * may resolve its own name to 127.0.0.1 (DNS rebinding), which the Host header reveals.
 */
export function isThisMachine({ raw, headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return (
    LOOPBACK_ADDRESS.test(raw.socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    FORWARDED.every((name) => headers[name] === undefined) &&
    (site === undefined || site === 'same-origin')
  );
}
