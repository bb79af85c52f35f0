import { type Link, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from '@jest/globals';
import { sampler } from './sampler.js';

const traceId = 'f'.repeat(32);
const contextOf = (traceFlags: number) => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceFlags,
  isRemote: true,
});

function decide(ratio: number, parent?: number, ...linked: number[]): boolean {
  const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
  const links: Link[] = linked.map((flags) => ({ context: contextOf(flags) }));
  const { decision } = sampler(ratio).shouldSample(context, traceId, 'x', SpanKind.INTERNAL, {}, links);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

describe('a trace', () => {
  it('is recorded by its share', () => {
    expect([decide(1), decide(0)]).toEqual([true, false]);
  });

  it('is recorded as its caller says, whatever the share', () => {
    expect([decide(0, 1), decide(1, 0)]).toEqual([true, false]);
  });

  it('is recorded if one that it is linked to is', () => {
    expect([decide(0, undefined, 0, 1), decide(0, undefined, 0)]).toEqual([true, false]);
  });
});
