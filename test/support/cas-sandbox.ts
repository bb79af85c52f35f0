import { randomBytes } from 'node:crypto';
import { createLog } from '@app/observability';
import { createSandbox } from '../../apps/cas-sandbox/src/configure.js';
import type { Fault, FaultCommand } from '../../apps/cas-sandbox/src/faults/fault.js';
import type { Call, Journal } from '../../apps/cas-sandbox/src/journal/journal.js';

export { VENDOR_TEXT } from '../../apps/cas-sandbox/src/tokens/vendor-text.js';
export { fingerprint } from '../../apps/cas-sandbox/src/vendor/fingerprint.js';
export type { Call, FaultCommand };

export type JournalSummary = ReturnType<Journal['summary']>;

/** Commands for a CAS sandbox, in this process or another. */
export interface SandboxControl {
  url: string;
  /** Adds a fault; a call uses the first one that matches it. */
  fault(fault: FaultCommand): Promise<void>;
  faults(): Promise<Fault[]>;
  /** Removes all faults and releases held replies. */
  clearFaults(): Promise<void>;
  /** Releases held replies and returns their number. */
  release(): Promise<number>;
  /** Number of replies held by the `hang` fault now. */
  held(): Promise<number>;
  journal(): Promise<Call[]>;
  summary(): Promise<JournalSummary>;
  clearJournal(): Promise<void>;
}

export interface RunningSandbox extends SandboxControl {
  apiKey: string;
  apiSecret: string;
  /** Applies to tokens issued from now on, in seconds. */
  setTokenTtl(tokenTtlS: number): void;
  close(): Promise<void>;
}

/** Commands for the sandbox at this URL. */
export function sandboxControl(url: string): SandboxControl {
  const command = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(new URL(`/sandbox/${path}`, url), {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The sandbox rejected ${method} ${path}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  return {
    url,
    fault: (fault) => command('POST', 'faults', fault),
    faults: async () => (await command<{ faults: Fault[] }>('GET', 'faults')).faults,
    clearFaults: () => command('DELETE', 'faults'),
    release: async () => (await command<{ released: number }>('POST', 'release')).released,
    held: async () => (await command<{ held: number }>('GET', 'held')).held,
    journal: async () => (await command<{ calls: Call[] }>('GET', 'journal')).calls,
    summary: () => command('GET', 'journal?summary'),
    clearJournal: () => command('DELETE', 'journal'),
  };
}

/** Starts a sandbox in this process, on a free port. Tokens live `tokenTtlS` seconds. */
export async function startCasSandbox({ latencyMs = 0, tokenTtlS = 7200 } = {}): Promise<RunningSandbox> {
  const host = '127.0.0.1';
  const apiKey = `key-${randomBytes(8).toString('hex')}`;
  const apiSecret = `secret-${randomBytes(16).toString('hex')}`;
  const runtime = { production: false, logLevel: 'silent' as const, failpoint: undefined };
  const sandbox = { port: 0, host, apiKey, apiSecret, latencyMs, tokenTtlS };
  const settings = { runtime, sandbox };
  const app = await createSandbox(settings, createLog('cas-sandbox', runtime));
  await app.listen(0, host);
  const setTokenTtl = (seconds: number) => {
    sandbox.tokenTtlS = seconds;
  };
  return { ...sandboxControl(await app.getUrl()), apiKey, apiSecret, setTokenTtl, close: () => app.close() };
}
