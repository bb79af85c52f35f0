/**
 * Where a redirect may be followed to: inside the origin it came from, else `undefined`. The credentials go along, so
 * scheme, host and port must all be the same.
 */
export function redirectTarget(from: URL, location: string | undefined): URL | undefined {
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  return target.origin === from.origin ? target : undefined;
}
