/** `eyJ` and at least this much more before its first dot: the header of a JWT. In characters. */
const JWT_HEADER_LENGTH = 8;

/**
 * The last line of defence against secrets in logs: masks everything in a finished line that looks like a token, a
 * ticket, an API key, a webhook secret or a password in a URL. No secret should get this far.
 *
 * Lines may hold text of callers: the cost grows with the length of the line and no faster, whatever it holds.
 */
export function scrub(line: string): string {
  let text = line;
  // Before tokens, which a ticket looks like from its fifth character on.
  if (text.includes('wtt_')) text = text.replace(/wtt_[\w.-]{8,}/g, '[ticket]');
  if (text.includes('eyJ')) text = text.replace(/[\w.-]+/g, maskJwt);
  if (text.includes('wtk_')) text = text.replace(/wtk_[a-z0-9]{4,16}_[A-Za-z0-9]+/g, '[api key]');
  if (text.includes('whsec_')) text = text.replace(/whsec_[A-Za-z0-9+/=]+/g, '[webhook secret]');
  if (text.includes('://')) text = text.replace(/[^\s"]+/g, maskPassword);
  return text;
}

/** In a run of characters that JWTs consist of: from the first part that looks like a header, to the end. */
function maskJwt(run: string): string {
  let start = 0;
  for (let dot = run.indexOf('.'); dot !== -1; start = dot + 1, dot = run.indexOf('.', start)) {
    const header = run.slice(start, dot).indexOf('eyJ');
    if (header !== -1 && dot - start - header >= JWT_HEADER_LENGTH) return `${run.slice(0, start + header)}[token]`;
  }
  return run;
}

/** In a run without spaces and quotes: from the first `scheme://user:` up to the last @, which a password may contain. */
function maskPassword(run: string): string {
  const end = run.lastIndexOf('@');
  for (let scheme = run.indexOf('://'); scheme !== -1 && scheme < end; scheme = run.indexOf('://', scheme + 3)) {
    const colon = endOfUser(run, scheme + 3);
    if (run[colon] === ':' && colon < end) return `${run.slice(0, colon)}:[password]${run.slice(end)}`;
  }
  return run;
}

/** The index of the first character that cannot be part of a user name in a URL. */
function endOfUser(run: string, start: number): number {
  let index = start;
  while (index < run.length && !':/@'.includes(run.charAt(index))) index++;
  return index;
}
