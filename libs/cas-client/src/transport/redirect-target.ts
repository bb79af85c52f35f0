/**
 * The target of a redirect within the same origin, otherwise `undefined`. The credentials are sent along, so scheme,
 * host and port must be identical.
 */
export function redirectTarget(from: URL, location: string | undefined): URL | undefined {
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  return target.origin === from.origin ? target : undefined;
}
