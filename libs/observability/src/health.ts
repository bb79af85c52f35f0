import { describeCause, withTimeout } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { LOG, type Log } from './log.js';

/** Fails if it returns false or throws; what it throws is the cause, for the log. */
export type Check = () => unknown;

export interface ReadinessCheck {
  check: Check;
  /** The dependency and its address without credentials, for the log: `PostgreSQL at db:5432`. */
  place: () => string;
}

/** A check that takes longer counts as failed, in ms. */
const CHECK_TIMEOUT_MS = 1000;

/**
 * Runs the liveness checks (if one fails, restart the process) and the readiness checks (if one fails, send it no work)
 * that the apps register. A readiness check that starts to fail, or passes again, is logged once, with its cause.
 */
@Injectable()
export class Health {
  private readonly live = new Map<string, Check>();
  private readonly ready = new Map<string, ReadinessCheck>();
  /** What was logged last about each part that is not ready. */
  private readonly notReady = new Map<string, string>();
  /** States of which operators should know, such as a queue that was paused, though the process can do its work. */
  private readonly notices = new Map<string, () => Promise<boolean>>();
  private draining = false;

  constructor(@Inject(LOG) private readonly log: Log) {}

  registerLive(part: string, check: Check): void {
    this.live.set(part, check);
  }

  registerReady(part: string, check: ReadinessCheck): void {
    this.ready.set(part, check);
  }

  /** `check` says whether the notice applies. If it throws, the notice is left out: a readiness check says more. */
  registerNotice(notice: string, check: () => Promise<boolean>): void {
    this.notices.set(notice, check);
  }

  /** Called on SIGTERM: the process is no longer ready, but stays alive. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** The names of the failing parts. */
  async failingLive(): Promise<string[]> {
    const parts = [...this.live].map(async ([part, check]) => ((await failure(check)) === null ? [] : [part]));
    return (await Promise.all(parts)).flat();
  }

  /** The names of the failing parts. */
  async failingReady(): Promise<string[]> {
    if (this.draining) return ['draining'];
    return [...(await this.readyParts())].flatMap(([part, works]) => (works ? [] : [part]));
  }

  /** Whether each part works now, also while draining. */
  async readyParts(): Promise<Map<string, boolean>> {
    const parts = [...this.ready].map(async ([part, { check, place }]): Promise<[string, boolean]> => {
      const found = await failure(check);
      this.note(part, found === null ? null : describeCause(place(), found.cause));
      return [part, found === null];
    });
    return new Map(await Promise.all(parts));
  }

  /** The notices that apply. */
  async applyingNotices(): Promise<string[]> {
    const found = [...this.notices].map(async ([notice, check]) => {
      const applies = await withTimeout(CHECK_TIMEOUT_MS, check(), () => new Error('timeout')).catch(() => false);
      return applies ? [notice] : [];
    });
    return (await Promise.all(found)).flat();
  }

  private note(part: string, cause: string | null): void {
    if (cause === (this.notReady.get(part) ?? null)) return;
    if (cause === null) {
      this.notReady.delete(part);
      this.log.warn({ part }, 'ready again');
    } else {
      this.notReady.set(part, cause);
      this.log.warn({ part, cause }, 'not ready');
    }
  }
}

async function failure(check: Check): Promise<{ cause: unknown } | null> {
  const run = withTimeout(CHECK_TIMEOUT_MS, Promise.resolve().then(check), () => new Error('timeout'));
  return run.then((passed) => (passed === false ? { cause: undefined } : null)).catch((cause: unknown) => ({ cause }));
}
