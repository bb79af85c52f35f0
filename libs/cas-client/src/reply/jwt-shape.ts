const THREE_PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export interface JwtShape {
  /** The `exp` claim, in s since 1970; absent if the token has none. */
  exp?: number;
}

/**
 * Returns the `exp` of a text that has the form of a JWT, `undefined` for any other text. The signature cannot be
 * verified, since only the vendor has the key.
 */
export function jwtShape(token: string): JwtShape | undefined {
  const [, header, payload] = THREE_PARTS.exec(token) ?? [];
  if (header === undefined || payload === undefined || jsonObject(header) === undefined) return undefined;
  const claims = jsonObject(payload);
  if (claims === undefined) return undefined;
  if (!Object.hasOwn(claims, 'exp')) return {};
  const { exp } = claims;
  return typeof exp === 'number' && Number.isFinite(exp) && exp > 0 ? { exp } : undefined;
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(part, 'base64url')));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
