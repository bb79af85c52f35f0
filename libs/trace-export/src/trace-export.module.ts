import { Egress, type EgressSettings } from '@app/egress';
import { LOG, type Log } from '@app/observability';
import { type DynamicModule, Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { TraceExportOptions } from './start.js';

export interface TraceExportSettings {
  /** Null if traces are off. */
  tracing: Omit<TraceExportOptions, 'egress' | 'log'> | null;
  egress: EgressSettings;
}

/** Ends the export of traces, once everything that is traced has ended. */
@Injectable()
class TraceExport implements OnApplicationShutdown {
  constructor(private readonly stop: () => Promise<void>) {}

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }
}

/**
 * Turns on traces and sends them to a receiver, if there is one. Otherwise it does nothing: the SDK is a file of the
 * bundle that is not even read.
 */
@Global()
@Module({})
export class TraceExportModule {
  static with({ tracing, egress }: TraceExportSettings): DynamicModule {
    if (tracing === null) return { module: TraceExportModule };
    const useFactory = async (log: Log) => {
      const { startTraceExport } = await import(/* webpackChunkName: "tracing" */ './start.js');
      return new TraceExport(startTraceExport({ ...tracing, egress: new Egress(egress), log }));
    };
    return { module: TraceExportModule, providers: [{ provide: TraceExport, inject: [LOG], useFactory }] };
  }
}
