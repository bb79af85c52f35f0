/** The expiry of a JWT, in milliseconds; null if it has none or is not a JWT. */
export function expiryInJwt(token) {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'));
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}
