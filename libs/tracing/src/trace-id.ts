import { isValidTraceId } from '@opentelemetry/api';

const TRACEPARENT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}(?:-|$)/;

/** The trace id in a `traceparent` header; undefined if it has none that is valid. For logs, while traces are off. */
export function traceIdIn(traceparent: string | string[] | undefined): string | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const id = TRACEPARENT.exec(traceparent)?.[1];
  return id !== undefined && isValidTraceId(id) ? id : undefined;
}
