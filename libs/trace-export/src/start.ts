import type { Egress } from '@app/egress';
import { withTimeout } from '@app/kernel';
import { type Log, OutageLog } from '@app/observability';
import { setTracing, Tracing } from '@app/tracing';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { OtlpExporter } from './otlp-exporter.js';
import { sampler } from './sampler.js';

export interface TraceExportOptions {
  /** Where spans are sent. */
  url: string;
  headers: Record<string, string>;
  /** Of this process, in traces. */
  serviceName: string;
  /** Share of traces that are recorded, unless the caller has decided. */
  ratio: number;
  egress: Egress;
  log: Pick<Log, 'warn'>;
}

/** Spans that wait to be sent. More are dropped: traces must never cost memory without limit. */
const MAX_QUEUE = 4096;
const MAX_BATCH = 512;
const SEND_EVERY_MS = 1000;
/** Of one request to the receiver. */
const SEND_TIMEOUT_MS = 5000;
/** How long a process that stops waits for the receiver. It is within the time that its shutdown has. */
const STOP_TIMEOUT_MS = 3000;
/** A batch serves up to 500 requests. */
const MAX_LINKS = 512;

/** Turns on traces. What it returns sends the rest of them, within a limit, and turns them off. */
export function startTraceExport({
  serviceName,
  ratio,
  egress,
  log,
  ...target
}: TraceExportOptions): () => Promise<void> {
  const client = egress.client({ timeoutMs: SEND_TIMEOUT_MS, maxBytes: 64 * 1024, longer: 'cut' });
  const exporter = new OtlpExporter({ ...target, client, outages: new OutageLog(log) });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'process.pid': process.pid }),
    sampler: sampler(ratio),
    spanLimits: { linkCountLimit: MAX_LINKS, attributeValueLengthLimit: 128 },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUE,
        maxExportBatchSize: MAX_BATCH,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_TIMEOUT_MS + 1000,
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  setTracing(new Tracing(provider.getTracer('watchtogether'), new W3CTraceContextPropagator()));
  return async () => {
    setTracing(null);
    // What is not sent in time is lost.
    await withTimeout(STOP_TIMEOUT_MS, provider.shutdown(), () => new Error('timeout')).catch(() => undefined);
    await client.close();
  };
}
