import type { ProcessRecord, SessionCounts } from '@app/entities';
import { parseFigures, type ProcessFigures } from './figures.js';

/** A process that did not report for this long is lost, in s: three reports. */
export const LOST_AFTER_S = 15;

/** A process of the fleet, parsed. */
export interface FleetProcess extends Omit<ProcessRecord, 'figures'> {
  alive: boolean;
  figures: ProcessFigures;
}

/** The fleet at one moment. */
export interface FleetState {
  /** By the clock of the database, in ms. */
  now: number;
  counts: SessionCounts;
  processes: FleetProcess[];
}

/** The pace of calls of CAS. */
export interface FleetPace {
  /** Per second, over all workers. */
  limit: number;
  /** Whether it is lowered, since CAS answered 429. */
  slowed: boolean;
  /** How long the calls for all pending sessions take, in s. */
  drainS: number;
}

/** Null if calls are not limited. */
export function paceOf({ counts, processes }: FleetState): FleetPace | null {
  for (const { kind, alive, figures } of processes) {
    const { pacing } = figures.states;
    if (kind !== 'worker' || !alive || !pacing?.limit) continue;
    return { limit: pacing.limit, slowed: pacing.slowed, drainS: counts.pendingCalls / pacing.limit };
  }
  return null;
}

export function fleetProcess(record: ProcessRecord): FleetProcess {
  return { ...record, alive: record.silentS < LOST_AFTER_S, figures: parseFigures(record.figures) };
}
