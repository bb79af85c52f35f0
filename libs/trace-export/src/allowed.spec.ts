import { SPAN_ATTRIBUTES } from '@app/tracing';
import { ROOT_CONTEXT, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { describe, expect, it } from '@jest/globals';
import { allowedParts } from './allowed.js';

/** A span into which everything was put that the API lets in. */
function careless(): ReadableSpan {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'test' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('test');
  const link = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
  const attributes = { 'http.route': '/v1/sessions/:tokenId', 'http.response.status_code': 200 };
  const span = tracer.startSpan('CAS mint', { attributes }, ROOT_CONTEXT);
  span.setAttributes({
    'url.full': 'https://cas/?sub=secret',
    'exception.message': 'secret',
    'http.request.method': 'a secret\n',
  });
  span.setAttribute('watchtogether.product', ['secret']);
  span.setAttribute('watchtogether.outcome', 'secret'.repeat(100));
  span.addLink({ context: link, attributes: { 'watchtogether.outcome': 'secret' } });
  span.addEvent('secret', { secret: 'secret' });
  span.recordException(new Error('secret'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'secret' });
  span.end();
  const [finished] = exporter.getFinishedSpans();
  if (finished === undefined) throw new Error('the span did not end');
  return finished;
}

describe('what leaves the process of a span', () => {
  it('are names, times, ids and listed attributes', () => {
    const span = careless();
    const allowed = allowedParts(span);
    expect(allowed).toMatchObject({
      name: 'CAS mint',
      startTime: span.startTime,
      duration: span.duration,
      status: { code: SpanStatusCode.ERROR },
      links: [{ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) } }],
    });
    expect(allowed.attributes).toEqual({ 'http.route': '/v1/sessions/:tokenId', 'http.response.status_code': 200 });
    expect(allowed.spanContext()).toEqual(span.spanContext());
  });

  it('is nothing else, whatever was put into it', () => {
    const text = Buffer.from(JsonTraceSerializer.serializeRequest([allowedParts(careless())]) ?? '').toString();
    expect(text).toContain('CAS mint');
    expect(text).not.toContain('secret');
  });

  it('is no name that is not made of plain words', () => {
    expect(allowedParts({ ...careless(), name: 'GET /?x=secret' }).name).toBe('unnamed');
    expect(allowedParts({ ...careless(), name: 'GET /v1/sessions/:tokenId' }).name).toBe('GET /v1/sessions/:tokenId');
    expect(allowedParts({ ...careless(), name: 'GET *' }).name).toBe('GET *');
  });

  it('has no attribute for persons, rooms or addresses', () => {
    expect(SPAN_ATTRIBUTES.filter((name) => /room|user|subject|client|url|message|text/.test(name))).toEqual([]);
  });
});
