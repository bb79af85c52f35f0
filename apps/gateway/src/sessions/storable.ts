/** Whether Postgres can store every string and key in a JSON value: no U+0000, no lone surrogates. */
export function storable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (Array.isArray(value)) return value.every(storable);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).every(([key, inner]) => storable(key) && storable(inner));
  }
  return true;
}
