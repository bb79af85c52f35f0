/** What a statement does to which table: the first change in it, or else its SELECT. */
export interface StatementSummary {
  operation: string;
  table: string;
}

const CHANGE = /\b(INSERT) INTO (\w+)|\b(UPDATE) (?!SKIP|OF|SET)(\w+)|\b(DELETE) FROM (\w+)/;
const READ = /\bFROM ([a-z]\w*)/;

/** Statements are constants, but for conditions of lists. More than these are not remembered. */
const MAX_SUMMARIES = 1000;
const summaries = new Map<string, StatementSummary>();

/** A short name of a statement, without its text: `INSERT sessions`. */
export function statementSummary(sql: string): StatementSummary {
  const known = summaries.get(sql);
  if (known !== undefined) return known;
  const summary = summarize(sql);
  if (summaries.size < MAX_SUMMARIES) summaries.set(sql, summary);
  return summary;
}

function summarize(sql: string): StatementSummary {
  const parts: (string | undefined)[] = CHANGE.exec(sql)?.slice(1) ?? [];
  const [operation, table] = parts.filter((part) => part !== undefined);
  if (operation !== undefined && table !== undefined) return { operation, table };
  return { operation: /^\s*(SET|LOCK)\b/.exec(sql)?.[1] ?? 'SELECT', table: READ.exec(outermost(sql))?.[1] ?? '' };
}

/** A statement without what is in parentheses. */
function outermost(sql: string): string {
  const without = sql.replace(/\([^()]*\)/g, '');
  return without === sql ? sql : outermost(without);
}
