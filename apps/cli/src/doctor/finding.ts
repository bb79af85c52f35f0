/** The result of one check, printed on one line. */
export interface Finding {
  check: string;
  level: 'ok' | 'warning' | 'fault' | 'not-checked';
  text: string;
  /** How to fix it. */
  advice?: string;
}

export const ok = (check: string, text: string): Finding => ({ check, level: 'ok', text });
export const warning = (check: string, text: string, advice: string): Finding => ({
  check,
  level: 'warning',
  text,
  advice,
});
export const fault = (check: string, text: string, advice: string): Finding => ({
  check,
  level: 'fault',
  text,
  advice,
});
export const notChecked = (check: string, text: string): Finding => ({ check, level: 'not-checked', text });

const SIGNS = { ok: '✓', warning: '!', fault: '✗', 'not-checked': '!' } as const;

export function asLine({ check, level, text, advice }: Finding): string {
  const said = level === 'not-checked' ? `not checked: ${text}` : text;
  return `${SIGNS[level]} ${check.padEnd(14)} ${said}${advice === undefined ? '' : ` → ${advice}`}\n`;
}

/** A count with its noun: `1 token`, `2 tokens`. */
export function counted(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${String(n)} ${what}s`;
}
