import { type EgressClient, egressCause } from '@app/egress';
import { endpoint } from '@app/kernel';
import type { OutageLog } from '@app/observability';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { allowedParts } from './allowed.js';

export interface OtlpExporterOptions {
  url: string;
  headers: Record<string, string>;
  client: EgressClient;
  outages: OutageLog;
}

/**
 * Sends spans to an OTLP/HTTP receiver, the way all calls leave this process: through the proxy or directly. A batch that
 * is not accepted is dropped, since the next one waits: traces are a help, never a record.
 */
export class OtlpExporter implements SpanExporter {
  constructor(private readonly options: OtlpExporterOptions) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    // A failure is told by the log; the SDK would only drop the batch as well.
    const sent = () => {
      done({ code: ExportResultCode.SUCCESS });
    };
    this.send(spans).then(sent, sent);
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  private async send(spans: ReadableSpan[]): Promise<void> {
    const { url, headers, client, outages } = this.options;
    const body = JsonTraceSerializer.serializeRequest(spans.map(allowedParts));
    if (body === undefined) return;
    const receiver = endpoint(url);
    const { status, why } = await client
      .send(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: Buffer.from(body).toString('utf8'),
      })
      .then(
        (reply) => ({ status: reply.status, why: `it answered with status ${String(reply.status)}` }),
        (error: unknown) => ({ status: 0, why: egressCause(error) }),
      );
    if (status >= 200 && status < 300) outages.worked('receiver of traces available again', { receiver });
    else outages.failed(why, 'receiver of traces unavailable: spans are dropped until it accepts them', { receiver });
  }
}
