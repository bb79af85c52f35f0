export { setTracing, traced, tracedCall, tracing } from './active.js';
export { SPAN_ATTRIBUTES, type SpanAttributes } from './attributes.js';
export { traceIdIn } from './trace-id.js';
export { type BatchMember, type JobTrace, Tracing } from './tracing.js';
