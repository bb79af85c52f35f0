export const CHART: string;
export function helmProgram(): string | undefined;
export function helm(
  args: readonly string[],
  env?: Record<string, string>,
): Promise<{ code: number | null; stdout: string; output: string }>;
