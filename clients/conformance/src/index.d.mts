export type Outcome = 'passed' | 'failed' | 'warned' | 'skipped';

export type CheckId =
  | 'race'
  | 'replicas'
  | 'restart'
  | 'expiry'
  | 'odd-names'
  | 'separate-rooms'
  | 'first-fields'
  | 'forged-fields'
  | 'unknown'
  | 'closed'
  | 'no-store'
  | 'credential'
  | 'malformed';

export interface ConformanceOptions {
  /** Base URLs of the server, one per replica; at least one. */
  urls: string[];
  /** Bearer credential for `/v1`. */
  key?: string | null;
  /** Shell command that restarts the server and returns once the old process has ended. */
  restart?: string | null;
  /** Clients in the race, 2 to 10,000; 200. */
  racers?: number;
  /** Longest wait for a token to expire, in seconds, 0 to 3600; 20. */
  maxWaitS?: number;
  /** Runs only these checks; all of them if absent or empty. */
  only?: CheckId[];
  /** Receives the report for people, line by line, while the checks run. */
  onLine?: (line: string) => void;
}

export interface CheckResult {
  /** Null for what concerns the whole server. */
  contract: 'room API' | '/v1' | null;
  /** A check, or `reachable`, `contract` or `key`: why there was nothing to check. */
  id: CheckId | 'reachable' | 'contract' | 'key';
  title: string;
  outcome: Outcome;
  /** What was observed. Tokens appear only as the first 8 hex digits of their SHA-256. */
  seen: string;
  durationMs: number;
}

export interface ConformanceReport {
  /** Prefix of every room that this run opened. */
  run: string;
  urls: string[];
  startedAt: string;
  durationMs: number;
  contracts: { name: 'room API' | '/v1'; spoken: boolean; reason: string | null }[];
  checks: CheckResult[];
  summary: Record<Outcome, number>;
}

/** The options are invalid; the message names the option of the command line. */
export class UsageError extends Error {}

/** Runs every check that applies. A failed check is part of the report, not an exception. */
export function runConformance(options: ConformanceOptions): Promise<ConformanceReport>;
