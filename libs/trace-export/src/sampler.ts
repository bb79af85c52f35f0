import { TraceFlags } from '@opentelemetry/api';
import { ParentBasedSampler, type Sampler, SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';

/**
 * Which traces are recorded: as the caller says in `traceparent`, else a share of them. A trace that is linked to another
 * one follows it, so that the webhooks of a recorded request are recorded too.
 */
export function sampler(ratio: number): Sampler {
  const share = new TraceIdRatioBasedSampler(ratio);
  const root: Sampler = {
    shouldSample: (parent, traceId, _name, _kind, _attributes, links) =>
      links.some(({ context }) => (context.traceFlags & TraceFlags.SAMPLED) !== 0)
        ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
        : share.shouldSample(parent, traceId),
    toString: () => `LinkedOr${share.toString()}`,
  };
  return new ParentBasedSampler({ root });
}
