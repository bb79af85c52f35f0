import { randomBytes } from 'node:crypto';
import { VERSION } from '@app/kernel';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { type FigureSpec, readFigures } from './figures.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import { OutageLog } from './outage-log.js';

/** How often a process reports itself, in ms. */
export const REPORT_EVERY_MS = 5000;

export interface Report {
  id: string;
  kind: 'gateway' | 'worker';
  version: string;
  uptimeS: number;
  figures: object;
}

/** Where reports go: the database. */
export interface ReportStore {
  report(report: Report): Promise<void>;
  forget(id: string): Promise<void>;
}

export interface ProcessReporterOptions {
  kind: Report['kind'];
  store: ReportStore;
  metrics: Metrics;
  log: Log;
  figures: readonly FigureSpec[];
  /** States that no metric holds. */
  states?: () => object | Promise<object>;
}

/**
 * Reports this process to the fleet's table, which the console shows. Nothing waits for it: a report that fails is logged
 * once and followed by the next.
 */
export class ProcessReporter implements OnApplicationBootstrap, OnModuleDestroy {
  /** Of this process until it ends. */
  readonly id: string;
  private readonly outage: OutageLog;
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> | undefined;

  constructor(private readonly options: ProcessReporterOptions) {
    this.id = `${options.kind}-${randomBytes(4).toString('hex')}`;
    this.outage = new OutageLog(options.log);
  }

  /** Does not wait: a process starts whether or not the console knows of it. */
  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.report(), REPORT_EVERY_MS).unref();
    void this.report();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.reporting;
    await this.options.store.forget(this.id).catch(() => undefined);
  }

  /** One report at a time. */
  report(): Promise<void> {
    this.reporting ??= this.send().finally(() => {
      this.reporting = undefined;
    });
    return this.reporting;
  }

  private async send(): Promise<void> {
    const { kind, store, metrics, states } = this.options;
    try {
      const read = await readFigures(metrics.registry, this.options.figures);
      const figures = { ...read, states: (await states?.()) ?? {} };
      await store.report({ id: this.id, kind, version: VERSION, uptimeS: process.uptime(), figures });
      this.outage.worked('process is reported to the console again');
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
      this.outage.failed(reason, 'process cannot be reported to the console: it is shown as lost until it can');
    }
  }
}
