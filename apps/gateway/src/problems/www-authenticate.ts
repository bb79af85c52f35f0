/** `WWW-Authenticate` as defined in RFC 6750. It never says what is wrong with a credential: that would help guessing. */
export function wwwAuthenticate(details: { error?: string; scope?: string }): Record<string, string> {
  const parts = Object.entries({ realm: 'watchtogether', ...details }).map(([name, value]) => `${name}="${value}"`);
  return { 'www-authenticate': `Bearer ${parts.join(', ')}` };
}
