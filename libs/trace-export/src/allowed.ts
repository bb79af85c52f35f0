import { SPAN_ATTRIBUTES } from '@app/tracing';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

const ALLOWED: ReadonlySet<string> = new Set(SPAN_ATTRIBUTES);

/** Codes, ids and patterns of routes. No allowed value is longer or has other characters: anything else is a mistake. */
const PLAIN = /^[\w .:*/()-]{1,128}$/;
const MAX_NAME = 128;

/**
 * What of a span leaves this process: names, times, ids and the listed attributes. Events, which carry messages and stacks
 * of errors, messages of statuses, attributes of links and `tracestate` do not. This holds whatever made the span.
 */
export function allowedParts(span: ReadableSpan): ReadableSpan {
  const { name, kind, startTime, endTime, duration, ended, resource, instrumentationScope } = span;
  const { parentSpanContext: parent, droppedLinksCount } = span;
  return {
    name: PLAIN.test(name) ? name : 'unnamed',
    kind,
    spanContext: () => idsOf(span.spanContext()),
    ...(parent !== undefined && { parentSpanContext: idsOf(parent) }),
    startTime,
    endTime,
    duration,
    ended,
    status: { code: span.status.code },
    attributes: allowedAttributes(span.attributes),
    links: span.links.map(({ context }) => ({ context: idsOf(context) })),
    events: [],
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount,
  };
}

function allowedAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name, value]) => ALLOWED.has(name) && isPlain(value)));
}

function isPlain(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value.length <= MAX_NAME && PLAIN.test(value));
}

function idsOf({ traceId, spanId, traceFlags }: ReturnType<ReadableSpan['spanContext']>) {
  return { traceId, spanId, traceFlags };
}
