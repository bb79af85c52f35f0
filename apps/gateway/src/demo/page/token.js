/** The token's claims, unverified: only the vendor holds the key. */
export function claimsOf(token) {
  try {
    const base64 = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** The first 16 hex digits of its SHA-256. Off https and loopback browsers compute none: then a library does. */
export async function fingerprintOf(token) {
  const bytes = new TextEncoder().encode(token);
  const digest =
    crypto.subtle === undefined
      ? globalThis.sha256(bytes)
      : new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
