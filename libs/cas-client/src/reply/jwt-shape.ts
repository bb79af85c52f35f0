const THREE_PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export interface JwtShape {
  /** The token's `exp`, in s since 1970; absent where the token has none. */
  exp?: number;
}

/**
 * Whether a text has the shape of a JWT, and its `exp`; `undefined` if not. The signature cannot be looked at: nobody
 * but the vendor holds the key.
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
