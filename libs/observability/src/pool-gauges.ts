import type { FigureSpec } from './figures.js';
import { Gauge, type Metrics } from './metrics.js';

/** The connections of a pool, and the callers that wait for one. */
export interface PoolState {
  busy: number;
  idle: number;
  waiting: number;
  limit: number;
}

/** What a process reports of its pool to the console. */
export const POOL_FIGURES: readonly FigureSpec[] = [
  { metric: 'database_pool_connections', by: 'state' },
  { metric: 'database_pool_waiting' },
  { metric: 'database_pool_limit' },
];

/** Registers the gauges of the database's pool of connections. */
export function registerPoolGauges({ registry }: Metrics, state: () => PoolState): void {
  const registers = [registry];
  new Gauge({
    name: 'database_pool_connections',
    help: 'Connections of this process to the database by state: busy, idle',
    labelNames: ['state'],
    registers,
    collect() {
      const { busy, idle } = state();
      this.set({ state: 'busy' }, busy);
      this.set({ state: 'idle' }, idle);
    },
  });
  new Gauge({
    name: 'database_pool_waiting',
    help: 'Statements and transactions of this process that wait for a connection to the database',
    registers,
    collect() {
      this.set(state().waiting);
    },
  });
  new Gauge({
    name: 'database_pool_limit',
    help: 'Maximum connections of the pool of this process (DATABASE_POOL)',
    registers,
    collect() {
      this.set(state().limit);
    },
  });
}
