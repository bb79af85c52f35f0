import { describe, expect, it } from '@jest/globals';
import { examineSettings } from '../read-settings.js';
import { tracing } from './tracing.js';

const read = (environment: Record<string, string>) =>
  examineSettings({ tracing: tracing('watchtogether-gateway') }, environment);
const receiver = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };

describe('traces', () => {
  it('are off without an endpoint', () => {
    expect(read({}).settings.tracing).toBeNull();
    expect(read({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER_ARG: '0.5' }).settings.tracing).toBeNull();
  });

  it('are sent to the path of the specification, below the path of the endpoint', () => {
    expect(read(receiver).settings.tracing).toEqual({
      url: 'http://localhost:4318/v1/traces',
      headers: {},
      serviceName: 'watchtogether-gateway',
      ratio: 1,
    });
    const below = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example/api/otlp/' };
    expect(read(below).settings.tracing?.url).toBe('https://otlp.example/api/otlp/v1/traces');
  });

  it('do not take credentials from the address', () => {
    const { faults } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:secret@otlp.example' });
    expect(faults).toEqual(['OTEL_EXPORTER_OTLP_ENDPOINT must not contain a user; use OTEL_EXPORTER_OTLP_HEADERS']);
  });

  it('take headers in the form of the specification', () => {
    const given = 'Authorization=Basic%20abc%3D%3D, x-scope = a=b';
    expect(read({ ...receiver, OTEL_EXPORTER_OTLP_HEADERS: given }).settings.tracing?.headers).toEqual({
      authorization: 'Basic abc==',
      'x-scope': 'a=b',
    });
  });

  it.each(['secret', '=secret', 'a b=secret', 'a=', 'a=%zz', 'a=secret,', 'a=secret%0d%0ax:1', 'a=s%C3%BC'])(
    'refuse headers that cannot be sent, and do not repeat them: %s',
    (given) => {
      const { faults } = read({ ...receiver, OTEL_EXPORTER_OTLP_HEADERS: given });
      expect(faults).toEqual([
        'OTEL_EXPORTER_OTLP_HEADERS must be comma-separated name=value pairs, with values percent-encoded',
      ]);
    },
  );

  it('do not send headers in clear text, except to this machine and in development', () => {
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'a=b' };
    const remote = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    const fault =
      'OTEL_EXPORTER_OTLP_HEADERS requires an https OTEL_EXPORTER_OTLP_ENDPOINT, or one on loopback, in production';
    expect(read({ ...remote, ...headers }).faults).toEqual([fault]);
    expect(read({ ...remote, ...headers, NODE_ENV: 'development' }).faults).toEqual([]);
    expect(read({ ...receiver, ...headers }).faults).toEqual([]);
    expect(read(remote).faults).toEqual([]);
  });

  it.each(['2', '-1', '0.5x', '1.1', '.5', '1e-3'])('refuse a share that is none: %s', (share) => {
    expect(read({ ...receiver, OTEL_TRACES_SAMPLER_ARG: share }).faults).toEqual([
      'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1',
    ]);
  });
});
