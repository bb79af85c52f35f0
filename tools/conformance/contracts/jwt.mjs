/** When it says that it expires, in milliseconds; null if it does not say, or is no JWT. */
export function expiryInJwt(token) {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'));
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}
