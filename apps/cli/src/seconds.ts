import { InvalidArgumentError } from 'commander';

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** Ten years. */
const LONGEST_S = 315_360_000;

/** Parses a duration such as 90d, 12h, 30m or 45s into seconds. */
export function seconds(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const total = Number(number) * (UNITS[unit] ?? 0);
  if (number !== '' && total >= 1 && total <= LONGEST_S) return total;
  throw new InvalidArgumentError('must be a duration such as 90d, 12h, 30m or 45s, at most ten years');
}
