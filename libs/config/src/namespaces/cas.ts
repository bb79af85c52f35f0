import { type CasEndpointSettings, casEndpoints, headerText, insecureEndpoints, isSecure } from './cas-endpoints.js';
import { defineNamespace, onOff, url, whole } from './namespace.js';

const PAIR = ['CAS_URL', 'CAS_API_KEY', 'CAS_API_SECRET'] as const;

/** The vendor's token service, CAS. */
export const cas = defineNamespace({
  title: "CAS, the vendor's token service",
  variables: {
    CAS_URL: {
      schema: url('http:', 'https:').optional(),
      description:
        "Base URL of CAS, from the vendor's customer portal. Must be https in production, except on loopback.",
    },
    CAS_API_KEY: {
      schema: headerText.optional(),
      description: 'CAS API key, issued by the vendor. For the sandbox, generate one.',
      secret: true,
      recipe: 'openssl rand -hex 16',
    },
    CAS_API_SECRET: {
      schema: headerText.optional(),
      description: 'CAS API secret, issued by the vendor. For the sandbox, generate one.',
      secret: true,
      recipe: 'openssl rand -hex 32',
    },
    CAS_ENDPOINTS: {
      schema: casEndpoints.optional(),
      description:
        'Several CAS endpoints in order of preference, instead of CAS_URL, CAS_API_KEY and CAS_API_SECRET: a JSON list of {"name"?, "url", "key", "secret"}.',
      secret: true,
      recipe: `printf '[{"name":"eu","url":"https://cas.example","key":"%s","secret":"%s"}]' $(openssl rand -hex 16) $(openssl rand -hex 32)`,
    },
    CAS_TIMEOUT_MS: {
      schema: whole(10, 120_000),
      description: 'Timeout of one CAS call, from connect to the last byte, in ms.',
      default: '5000',
    },
    CAS_MAX_RPS: {
      schema: whole(1, 100_000).optional(),
      description:
        'Calls of CAS per second that all workers together may make, the same for every worker; no limit by default. `cli pacing` changes it at run time.',
    },
    CAS_ALLOW_HTTP: {
      schema: onOff,
      description: 'Allow plain http to a CAS that is not on loopback, in production: on or off.',
      default: 'off',
    },
    TOKEN_MAX_TTL_S: {
      schema: whole(1, 31_536_000),
      description: 'Maximum lifetime of a session, and the lifetime if its token has no exp, in s.',
      default: '86400',
    },
  },
  needs: ({ CAS_ENDPOINTS }) => (CAS_ENDPOINTS === undefined ? PAIR : []),
  faults: (values, { production }) => {
    const both = values.CAS_ENDPOINTS === undefined ? [] : PAIR.filter((name) => values[name] !== undefined);
    if (both.length > 0) return [`CAS_ENDPOINTS and ${both.join(', ')} are both set`];
    if (!production || values.CAS_ALLOW_HTTP === true) return [];
    if (values.CAS_URL !== undefined && !isSecure(new URL(values.CAS_URL)))
      return ['CAS_URL must be https in production, unless its host is loopback or CAS_ALLOW_HTTP=on'];
    return insecureEndpoints(values.CAS_ENDPOINTS ?? []).map(
      (name) => `CAS_ENDPOINTS: ${name} must be https in production, unless its host is loopback or CAS_ALLOW_HTTP=on`,
    );
  },
  settings: (values, { production }, files) => ({
    /** In order of preference; at least one. */
    endpoints: values.CAS_ENDPOINTS ?? [endpointOfPair(values)],
    /** The files they were read from, if any: reread when they change. */
    endpointsFile: files.CAS_ENDPOINTS,
    apiKeyFile: files.CAS_API_KEY,
    apiSecretFile: files.CAS_API_SECRET,
    /** Also for endpoints that are reread. */
    allowHttp: !production || values.CAS_ALLOW_HTTP,
    timeoutMs: values.CAS_TIMEOUT_MS,
    /** Null: no limit. */
    maxRps: values.CAS_MAX_RPS ?? null,
    tokenMaxTtlS: values.TOKEN_MAX_TTL_S,
  }),
});

interface Pair {
  CAS_URL?: string | undefined;
  CAS_API_KEY?: string | undefined;
  CAS_API_SECRET?: string | undefined;
}

/** The short form. `needs` has made sure that all three are set. */
function endpointOfPair({ CAS_URL: base = '', CAS_API_KEY: apiKey = '', CAS_API_SECRET: apiSecret = '' }: Pair) {
  return { name: new URL(base).host, url: base, apiKey, apiSecret } satisfies CasEndpointSettings;
}
