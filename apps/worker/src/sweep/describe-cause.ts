const LONGEST = 200;

/** The innermost cause of an error in a few words: its code, if it has one, and its message. */
export function describeCause(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown error';
  const { code } = cause as Error & { code?: unknown };
  return `${typeof code === 'string' ? `${code} ` : ''}${cause.message}`.slice(0, LONGEST);
}
