/** The longest that a reply is held, in s. */
export const MAX_WAIT_S = 30;

/** `Prefer: wait=N` (RFC 7240) in seconds, clamped; null when there is none, or none that can be parsed. */
export function preferredWait(header: string | string[] | undefined): number | null {
  // A comma inside quotes separates nothing.
  const preferences =
    [header ?? []]
      .flat()
      .join(',')
      .match(/(?:"[^"]*"|[^,])+/g) ?? [];
  for (const preference of preferences) {
    // Parameters after a semicolon belong to the preference and mean nothing here.
    const [, , value] = /^\s*wait\s*=\s*("?)(\d+)\1\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (value !== undefined) return Math.min(Number(value), MAX_WAIT_S);
  }
  return null;
}
