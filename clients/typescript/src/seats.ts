import { ProblemError } from './errors.js';
import type { Seat } from './types.js';

/** A seat that is renewed until it is left or lost. */
export interface HeldSeat extends Pick<Seat, 'id' | 'session' | 'name' | 'role'> {
  /** Absent if the credential lacks the scope `tokens:read`. */
  readonly tokens?: Seat['tokens'];
  /** Frees the seat, and ends its renewal. */
  leave(): Promise<void>;
}

export interface SeatCalls {
  renew: (signal: AbortSignal) => Promise<Seat>;
  free: () => Promise<void>;
  /** Called once if the seat can no longer be renewed, or was not in time. */
  onLost: (reason: Error) => void;
}

/** Renewals in a lease: two in a row may fail before it ends. */
const RENEWALS = 3;

/**
 * Renews a seat while it is held.
 *
 * @param takenAt when it was asked for, by `performance.now()`: its lease began later
 */
export function holdSeat(seat: Seat, takenAt: number, { renew, free, onLost }: SeatCalls): HeldSeat {
  let isHeld = true;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const schedule = (leaseS: number, until: number) => {
    timer = setTimeout(() => void renewOnce(leaseS, until), (leaseS * 1000) / RENEWALS);
    // In Node, a seat alone does not keep the process running.
    (timer as { unref?: () => void }).unref?.();
  };

  async function renewOnce(leaseS: number, until: number): Promise<void> {
    const start = performance.now();
    try {
      const renewed = await renew(AbortSignal.timeout(Math.max(1, until - start)));
      if (isHeld) schedule(renewed.leaseS, start + renewed.leaseS * 1000);
    } catch (error) {
      if (!isHeld) return;
      const isOver = error instanceof ProblemError && !error.problem.retryable;
      if (!isOver && performance.now() < until) {
        schedule(leaseS, until);
        return;
      }
      isHeld = false;
      onLost(error instanceof Error ? error : new Error('The seat could not be renewed', { cause: error }));
    }
  }

  schedule(seat.leaseS, takenAt + seat.leaseS * 1000);
  const { id, session, name, role, tokens } = seat;
  return {
    id,
    session,
    name,
    role,
    ...(tokens !== undefined && { tokens }),
    leave: () => {
      isHeld = false;
      clearTimeout(timer);
      return free();
    },
  };
}
