/**
 * The last line of defence against secrets in logs: masks everything in a finished line that looks like a token, an API
 * key or a password in a URL. No secret should get this far.
 */
const SECRETS: readonly [RegExp, string][] = [
  [/eyJ[\w-]{5,}(?:\.[\w-]*){1,4}/g, '[token]'],
  [/wtk_[a-z0-9]{4,16}_[A-Za-z0-9]+/g, '[api key]'],
  // Up to the last @, since a password may contain one.
  [/(\w+:\/\/[^\s:/@"]*):[^\s"]+@/g, '$1:[password]@'],
];

export function scrub(line: string): string {
  return SECRETS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
