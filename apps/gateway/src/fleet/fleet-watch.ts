import { ProcessesRepository, SessionCountsRepository } from '@app/entities';
import { LOG, type Log, OutageLog } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type FleetState, fleetProcess } from './fleet.js';
import { type Rise, Rises, type Sample, toSample, WINDOW } from './sample.js';
import { casByEndpoint, casWords } from './cas-troubles.js';
import { databaseTrouble, findTroubles } from './troubles.js';
import { TroubleLog } from './trouble-log.js';

/** How often the fleet is looked at, in ms. */
export const SAMPLE_EVERY_MS = 5000;
/** An hour. */
const SAMPLES = 720;
/** Processes seen within this time are shown, in s. */
const SHOWN_S = 600;
/** Shares are of the last minute. */
const MINUTE = 12;

/**
 * Looks at the fleet every 5 s and remembers an hour of it, so that a console that is opened later shows what happened.
 * Two statements of bounded cost, whether or not a console is open.
 */
@Injectable()
export class FleetWatch implements OnApplicationBootstrap, OnModuleDestroy {
  readonly log = new TroubleLog();
  /** When this process began to look, in ms. */
  readonly since = Date.now();
  readonly samples: Sample[] = [];
  /** The last state that could be read. */
  state: FleetState | null = null;
  private readonly rises = new Rises();
  private readonly recent: Rise[] = [];
  private readonly outage: OutageLog;
  private failingSince: number | null = null;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly processes: ProcessesRepository,
    private readonly counts: SessionCountsRepository,
    @Inject(LOG) log: Log,
  ) {
    this.outage = new OutageLog(log);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), SAMPLE_EVERY_MS).unref();
    void this.look();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** One look at a time. */
  look(): Promise<void> {
    this.looking ??= this.read().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async read(): Promise<void> {
    try {
      const [counts, records] = await Promise.all([this.counts.count(), this.processes.list(SHOWN_S)]);
      this.failingSince = null;
      this.take({ now: counts.now.getTime(), counts, processes: records.map(fleetProcess) });
      this.outage.worked('the fleet is shown in the console again');
    } catch (error) {
      this.failingSince ??= Date.now();
      this.log.update([databaseTrouble(this.failingSince)], Date.now());
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
      this.outage.failed(reason, 'the fleet cannot be read for the console: it shows what was read last');
    }
  }

  private take(state: FleetState): void {
    this.state = state;
    this.recent.push(this.rises.next(state));
    this.recent.splice(0, this.recent.length - MINUTE);
    this.samples.push(toSample(state, this.recent.slice(-WINDOW)));
    this.samples.splice(0, this.samples.length - SAMPLES);
    this.recordEnds(state);
    this.log.update(findTroubles(state, this.recent), state.now);
  }

  /** Workers know better when CAS was well again than its absence from here, and remember it if this gateway is new. */
  private recordEnds({ processes }: FleetState): void {
    const byEndpoint = casByEndpoint(processes);
    const several = byEndpoint.size > 1;
    for (const [endpoint, reports] of byEndpoint) {
      if (reports.some(({ trouble }) => trouble !== null)) continue;
      for (const { previous } of reports) {
        if (previous === null) continue;
        const { past } = casWords(previous.outcome, previous.status, several ? endpoint : null);
        const [since, until] = [Date.parse(previous.since), Date.parse(previous.until)];
        this.log.record(
          { key: `cas:${endpoint}`, level: several ? 'warn' : 'bad', past, since, until },
          { exact: true },
        );
      }
    }
  }
}
