/** A metric in an expression, and the functions and aggregations around it, the innermost last. */
export interface Usage {
  metric: string;
  within: string[];
}

/** Which metrics a PromQL expression reads, and within what. Enough for expressions without strings in odd places. */
export function usagesIn(expr: string): Usage[] {
  const plain = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '');
  const within: string[] = [];
  const found: Usage[] = [];
  for (const [, name, call, paren] of plain.matchAll(/([a-z_][a-z0-9_]*)\s*(\(?)|([()])/gi)) {
    if (paren === '(') within.push('');
    else if (paren === ')') within.pop();
    else if (call === '(') within.push(String(name));
    else if (!['and', 'or', 'unless'].includes(String(name))) found.push({ metric: String(name), within: [...within] });
  }
  return found;
}
