import type { FastifyRequest } from 'fastify';

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
/** Set by proxies and tunnels, whose own end is on this machine while their client's is not. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * Whether the request comes from this machine, by a page of ours. The address alone says too little: a foreign page may
 * let its own name resolve to 127.0.0.1 (DNS rebinding), which the Host header gives away.
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
