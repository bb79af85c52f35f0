import { z } from 'zod';
import { defineNamespace, isLoopback, text, url } from './namespace.js';

const MUST_BE = 'must be comma-separated name=value pairs, with values percent-encoded';
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[\t\x20-\x7e]+$/;

/** As the OpenTelemetry specification has it: `name=value,name=value`, percent-encoded. */
const headers = z.string().transform((value, context): Record<string, string> => {
  const entries = value.split(',').map(parsePair);
  if (entries.every((entry) => entry !== undefined)) return Object.fromEntries(entries);
  context.addIssue(MUST_BE);
  return z.NEVER;
});

function parsePair(pair: string): [name: string, value: string] | undefined {
  const at = pair.indexOf('=');
  const name = pair.slice(0, at).trim().toLowerCase();
  const value = decoded(pair.slice(at + 1).trim());
  return at > 0 && NAME.test(name) && VALUE.test(value) ? [name, value] : undefined;
}

/** Empty, which no value may be, if it is not percent-encoded. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

/** Credentials in it would be no secret here, and would not be sent. */
const endpoint = url('http:', 'https:').refine((value) => URL.canParse(value) && new URL(value).username === '', {
  error: 'must not contain a user; use OTEL_EXPORTER_OTLP_HEADERS',
});

function tracesUrl(base: string): string {
  const target = new URL(base);
  target.pathname = `${target.pathname.replace(/\/$/, '')}/v1/traces`;
  return target.href;
}

const ratio = z
  .string()
  .regex(/^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/, 'must be a number from 0 to 1')
  .transform(Number);

/** Traces, by the variables of the OpenTelemetry specification. Off without an endpoint. */
export function tracing(defaultName: string) {
  return defineNamespace({
    title: 'Traces (OpenTelemetry)',
    variables: {
      OTEL_EXPORTER_OTLP_ENDPOINT: {
        schema: endpoint.optional(),
        description:
          'Base URL of an OTLP/HTTP receiver such as http://localhost:4318; traces are sent to /v1/traces there, as JSON. If unset: no traces.',
      },
      OTEL_EXPORTER_OTLP_HEADERS: {
        schema: headers.optional(),
        description:
          'Headers for the receiver, comma-separated name=value pairs with percent-encoded values. Require https in production, except on loopback.',
        secret: true,
        recipe: 'echo "authorization=Bearer%20$(openssl rand -hex 24)"',
      },
      OTEL_SERVICE_NAME: {
        schema: text,
        description:
          'Name of the process in traces. Default: watchtogether-gateway for the gateway, watchtogether-worker for the worker.',
        default: defaultName,
      },
      OTEL_TRACES_SAMPLER_ARG: {
        schema: ratio,
        description:
          'Share of traces that are recorded, 0 to 1. It applies to requests without a traceparent header, which otherwise decides.',
        default: '1',
      },
    },
    faults: ({ OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_HEADERS: given }, { production }) => {
      if (!production || base === undefined || given === undefined) return [];
      const { protocol, hostname } = new URL(base);
      if (protocol === 'https:' || isLoopback(hostname)) return [];
      return [
        'OTEL_EXPORTER_OTLP_HEADERS requires an https OTEL_EXPORTER_OTLP_ENDPOINT, or one on loopback, in production',
      ];
    },
    /** Null if traces are off. */
    settings: (values) =>
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : {
            url: tracesUrl(values.OTEL_EXPORTER_OTLP_ENDPOINT),
            headers: values.OTEL_EXPORTER_OTLP_HEADERS ?? {},
            serviceName: values.OTEL_SERVICE_NAME,
            ratio: values.OTEL_TRACES_SAMPLER_ARG,
          },
  });
}
