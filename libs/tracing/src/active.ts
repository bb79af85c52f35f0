import { type Span, SpanKind } from '@opentelemetry/api';
import type { SpanAttributes } from './attributes.js';
import type { SpanName, Tracing } from './tracing.js';

let active: Tracing | null = null;

/** The traces of this process; null while they are off, which is all that they then cost. */
export function tracing(): Tracing | null {
  return active;
}

/** Called once at start, before there is anything to trace. With null, traces are off again. */
export function setTracing(started: Tracing | null): void {
  active = started;
}

/** Runs a call of another service in a span of its own. */
export function tracedCall<T>(
  name: SpanName,
  attributes: SpanAttributes,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  return active === null ? work(null) : active.run(name, attributes, work, SpanKind.CLIENT);
}

/** Runs a step of this process in a span of its own. */
export function traced<T>(
  name: SpanName,
  attributes: SpanAttributes,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  return active === null ? work(null) : active.run(name, attributes, work);
}
