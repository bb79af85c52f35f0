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

export function fleetProcess(record: ProcessRecord): FleetProcess {
  return { ...record, alive: record.silentS < LOST_AFTER_S, figures: parseFigures(record.figures) };
}
