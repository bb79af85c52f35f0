import { withTimeout } from '@app/kernel';
import { Injectable } from '@nestjs/common';

export type Check = () => boolean | Promise<boolean>;

/** A check that takes longer counts as failed, in ms. */
const CHECK_TIMEOUT_MS = 1000;

/**
 * Runs the liveness checks (if one fails, restart the process) and the readiness checks (if one fails, send it no work)
 * that the apps register.
 */
@Injectable()
export class Health {
  private readonly live = new Map<string, Check>();
  private readonly ready = new Map<string, Check>();
  private draining = false;

  registerLive(part: string, check: Check): void {
    this.live.set(part, check);
  }

  registerReady(part: string, check: Check): void {
    this.ready.set(part, check);
  }

  /** Called on SIGTERM: the process is no longer ready, but stays alive. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  failingLive(): Promise<string[]> {
    return failing(this.live);
  }

  async failingReady(): Promise<string[]> {
    return this.draining ? ['draining'] : failing(this.ready);
  }
}

async function failing(checks: Map<string, Check>): Promise<string[]> {
  const results = await Promise.all(
    [...checks].map(async ([part, check]) => {
      const passed = withTimeout(CHECK_TIMEOUT_MS, Promise.resolve().then(check), () => new Error('timeout'));
      return (await passed.catch(() => false)) ? [] : [part];
    }),
  );
  return results.flat();
}
