/** Why a dependency could not be used, in words for operators. Holds no secret and no text of the other side. */
export interface Cause {
  /** Stable name, for code, metrics and tests. */
  kind: CauseKind;
  /** What happened, as the end of a sentence: `connection refused`. */
  what: string;
  /** The code of the foreign error, such as `ECONNREFUSED` or `28P01`; empty if it has none. */
  code: string;
  /** What the operator can do about it. */
  advice: string;
}

export type CauseKind =
  | 'refused'
  | 'unknown-host'
  | 'unreachable'
  | 'timeout'
  | 'reset'
  | 'tls'
  | 'password'
  | 'missing-right'
  | 'unknown-database'
  | 'read-only'
  | 'not-migrated'
  | 'starting-or-stopping'
  | 'too-many-connections'
  | 'pool-exhausted'
  | 'full'
  | 'pooler'
  | 'cluster'
  | 'no-primary'
  | 'file'
  | 'unknown';

/** The parts of a foreign error that are read. Messages are matched, never repeated. */
export interface ForeignError {
  code: string;
  message: string;
}

/** A row of a table of causes: the first whose pattern matches counts. */
export interface CauseRule {
  /** Matched against the code, completely. */
  code?: RegExp;
  /** Matched against the message. Its named groups replace `{name}` in `what`: only names of tables, commands and such. */
  message?: RegExp;
  kind: CauseKind;
  what: string;
  advice: string;
}

export function matchRules(rules: readonly CauseRule[], error: ForeignError): Cause | null {
  for (const { code, message, kind, what, advice } of rules) {
    if (code !== undefined && !code.test(error.code)) continue;
    const found = message?.exec(error.message);
    if (message !== undefined && found === null) continue;
    return { kind, what: filled(what, found?.groups ?? {}), code: error.code, advice };
  }
  return null;
}

function filled(text: string, groups: Record<string, string | undefined>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => groups[name] ?? '');
}
