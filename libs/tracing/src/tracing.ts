import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import type { SpanAttributes } from './attributes.js';
import { statementSummary } from './statement-summary.js';

/** All names of spans but those of requests (method and route) and of statements (operation and table). */
export type SpanName =
  | 'CAS mint'
  | 'admission ask'
  | 'batch'
  | 'mint-tokens process'
  | 'mint-tokens send'
  | 'publish tokens'
  | 'transaction'
  | 'webhook deliver';

/** The trace of one of those who share a batch; null if it has none. */
export type BatchMember = Context | null;

/** A job that is being sent. */
export interface JobTrace {
  /** Travels with the job. */
  readonly traceparent: string;
  /** @param error why the job was not sent */
  end(error?: unknown): void;
}

/** Only `traceparent` is read and written: `tracestate` may hold any text of callers. */
interface Carrier {
  traceparent?: string | string[] | undefined;
}

const FIELDS = {
  get: ({ traceparent }: Carrier, key: string) => (key === 'traceparent' ? traceparent : undefined),
  keys: () => ['traceparent'],
};
const SETTER = {
  set: (carrier: Carrier, key: string, value: string) => {
    if (key === 'traceparent') carrier.traceparent = value;
  },
};

/**
 * The traces of this process: which spans there are and how they hang together. Spans are made here and nowhere else, by
 * hand, with names from a small set and attributes from a list. Errors leave their code, never their text.
 */
export class Tracing {
  private readonly requests = new WeakMap<IncomingMessage, Span>();

  constructor(
    private readonly tracer: Tracer,
    private readonly propagator: TextMapPropagator,
  ) {}

  /** The trace of what runs now, for logs. */
  traceId(): string | undefined {
    return trace.getActiveSpan()?.spanContext().traceId;
  }

  /** What runs now, as the parent of what runs elsewhere. */
  traceparent(): string | undefined {
    return this.inject(context.active());
  }

  /** Runs `handle` within the span of a request, which ends with its response. A valid `traceparent` is its parent. */
  serve(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    const parent = this.extract({ traceparent: request.headers.traceparent });
    const method = request.method ?? 'GET';
    const span = this.tracer.startSpan(
      method,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
      parent,
    );
    this.requests.set(request, span);
    response.once('close', () => {
      span.end();
    });
    context.with(trace.setSpan(parent, span), handle);
  }

  /** Adds to the span of a request what is known after its response, and returns its trace id. */
  describeRequest(
    request: IncomingMessage,
    route: string,
    status: number,
    attributes: SpanAttributes,
  ): string | undefined {
    const span = this.requests.get(request);
    if (span === undefined) return undefined;
    span.updateName(`${request.method ?? 'GET'} ${route}`);
    span.setAttributes({ 'http.route': route, 'http.response.status_code': status, ...attributes });
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    return span.spanContext().traceId;
  }

  /** Runs `work` in a span below the one that is active. */
  run<T>(
    name: SpanName,
    attributes: SpanAttributes,
    work: (span: Span) => Promise<T>,
    kind = SpanKind.INTERNAL,
  ): Promise<T> {
    return this.within(this.tracer.startSpan(name, { kind, attributes }), context.active(), work);
  }

  /** A transaction. One that belongs to no request and to no job leaves no trace: those of maintenance never end. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    if (trace.getActiveSpan() === undefined) return work();
    return this.run('transaction', { 'db.system.name': 'postgresql' }, work, SpanKind.CLIENT);
  }

  /** One statement; the same holds. */
  statement<T>(sql: string, work: () => Promise<T>): Promise<T> {
    if (trace.getActiveSpan() === undefined) return work();
    const { operation, table } = statementSummary(sql);
    const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.collection.name': table };
    const span = this.tracer.startSpan(`${operation} ${table}`.trimEnd(), { kind: SpanKind.CLIENT, attributes });
    return this.within(span, context.active(), work);
  }

  /** To be called by each of those who are going to share a batch. */
  joinBatch(): BatchMember {
    return trace.getActiveSpan() === undefined ? null : context.active();
  }

  /**
   * Runs the work of a batch. Alone, it belongs to the trace of its only member. Shared, it has a span of its own, in the
   * first trace that is recorded and linked to all of them, and each of them is linked to it.
   */
  batch<T>(members: readonly BatchMember[], work: () => Promise<T>): Promise<T> {
    const traced = members.filter((member) => member !== null);
    const parent = traced.find((member) => isSampled(member)) ?? traced[0];
    if (parent === undefined) return context.with(ROOT_CONTEXT, work);
    if (members.length === 1) return context.with(parent, work);
    const links = traced.flatMap((member) => linkTo(member));
    const span = this.tracer.startSpan(
      'batch',
      { attributes: { 'watchtogether.batch.size': members.length }, links },
      parent,
    );
    for (const member of traced) {
      if (member !== parent) trace.getSpan(member)?.addLink({ context: span.spanContext() });
    }
    return this.within(span, parent, work);
  }

  /** Links the span that runs now to a trace that it is not part of. */
  linkActive(traceparent: string | null): void {
    const span = trace.getActiveSpan();
    const [link] = traceparent === null ? [] : linkTo(this.extract({ traceparent }));
    if (span === undefined || link === undefined || link.context.traceId === span.spanContext().traceId) return;
    span.addLink(link);
  }

  /** Runs what outlives the request or the job that happens to start it. */
  detached<T>(work: () => T): T {
    return context.with(ROOT_CONTEXT, work);
  }

  /** Starts to send a job; null if nothing asks for it that has a trace. */
  sendJob(attributes: SpanAttributes): JobTrace | null {
    if (trace.getActiveSpan() === undefined) return null;
    const span = this.tracer.startSpan('mint-tokens send', {
      kind: SpanKind.PRODUCER,
      attributes: { ...MINT_TOKENS, 'messaging.operation.type': 'send', ...attributes },
    });
    return {
      traceparent: this.inject(trace.setSpan(ROOT_CONTEXT, span)) ?? '',
      end: (error) => {
        if (error !== undefined) fail(span, error);
        span.end();
      },
    };
  }

  /** Runs a job, below the span that sent it if it says so. */
  processJob<T>(
    traceparent: string | undefined,
    attributes: SpanAttributes,
    work: (span: Span) => Promise<T>,
  ): Promise<T> {
    const parent = this.extract({ traceparent });
    const all = { ...MINT_TOKENS, 'messaging.operation.type': 'process', ...attributes };
    const span = this.tracer.startSpan('mint-tokens process', { kind: SpanKind.CONSUMER, attributes: all }, parent);
    return this.within(span, parent, work);
  }

  /** Runs `work` in a trace of its own that is linked to another one. Of one that is not recorded it leaves none. */
  linked<T>(
    name: SpanName,
    traceparent: string | null,
    attributes: SpanAttributes,
    work: (span: Span | null) => Promise<T>,
  ): Promise<T> {
    const other = this.extract({ traceparent: traceparent ?? undefined });
    if (!isSampled(other)) return context.with(ROOT_CONTEXT, () => work(null));
    const span = this.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, links: linkTo(other) }, ROOT_CONTEXT);
    return this.within(span, ROOT_CONTEXT, work);
  }

  private within<T>(span: Span, parent: Context, work: (span: Span) => Promise<T>): Promise<T> {
    return context.with(trace.setSpan(parent, span), async () => {
      try {
        return await work(span);
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  }

  private extract(carrier: Carrier): Context {
    return this.propagator.extract(ROOT_CONTEXT, carrier, FIELDS);
  }

  private inject(from: Context): string | undefined {
    const carrier: Carrier = {};
    this.propagator.inject(from, carrier, SETTER);
    return carrier.traceparent as string | undefined;
  }
}

const MINT_TOKENS = { 'messaging.system': 'bullmq', 'messaging.destination.name': 'mint-tokens' };

function isSampled(member: Context): boolean {
  return ((trace.getSpanContext(member)?.traceFlags ?? 0) & TraceFlags.SAMPLED) !== 0;
}

function linkTo(member: Context): Link[] {
  const spanContext = trace.getSpanContext(member);
  return spanContext === undefined ? [] : [{ context: spanContext }];
}

/** The code of an error, or its class: never its message, which may quote what was sent or received. */
function fail(span: Span, error: unknown): void {
  const { code } = (error ?? {}) as { code?: unknown };
  const type = typeof code === 'string' ? code : error instanceof Error ? error.name : typeof error;
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
