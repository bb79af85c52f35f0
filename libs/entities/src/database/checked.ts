/**
 * SQL: a condition that is checked for rows found by another one, and never used to find rows.
 *
 * Tables with millions of rows are analyzed seldom. If no session was pending then, the planner expects none, and for
 * `id = … AND status = 'pending'` it reads the index of all pending sessions, since it seems to be empty: at a kick-off
 * every job would read 100,000 entries. No index matches a CASE, so what remains is the id.
 */
export function checked(condition: string): string {
  return `CASE WHEN ${condition} THEN true ELSE false END`;
}
