/** Fields that are never logged, at any depth. */
const NEVER_LOGGED = new Set([
  'authorization',
  'token',
  'tokens',
  'ticket',
  'sealed',
  'apiKey',
  'apiSecret',
  'secret',
  'password',
  'key',
]);

/** No intentionally logged value is nested deeper. */
const DEEPEST = 8;

/** Replaces the values of forbidden fields with `[redacted]`. Fields are copied only if something is replaced. */
export function redact(fields: Record<string, unknown>): Record<string, unknown> {
  return redactFields(fields, 0);
}

function redactFields(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    const value = NEVER_LOGGED.has(name) ? '[redacted]' : redactValue(fields[name], depth + 1);
    if (value === fields[name]) continue;
    copy ??= { ...fields };
    copy[name] = value;
  }
  return copy ?? fields;
}

/** Errors are skipped, since their serializer omits custom fields. */
function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth > DEEPEST) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return redactFields(value as Record<string, unknown>, depth);
}
