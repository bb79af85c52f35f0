import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/**
 * The address by which limits count a client: without a port, IPv4-mapped addresses as IPv4, and of IPv6 the /64 that a
 * client has to itself. A forwarded value that is no address counts as the peer that sent it.
 */
export function clientAddress({ ip, raw }: FastifyRequest): string {
  return normalizeAddress(ip) ?? normalizeAddress(raw.socket.remoteAddress ?? '') ?? 'unknown';
}

/** Null for text that is no address. */
export function normalizeAddress(text: string): string | null {
  const bare = withoutPort(text.trim());
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare;
  if (!ipaddr.IPv6.isValid(bare)) return null;
  const address = ipaddr.IPv6.parse(bare);
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  const network = address.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}

/** `192.0.2.1:80` and `[2001:db8::1]:80`, as some proxies write them. */
function withoutPort(text: string): string {
  if (text.startsWith('[')) return text.slice(1, text.indexOf(']'));
  const colon = text.indexOf(':');
  return colon !== -1 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text;
}
