import { z } from 'zod';
import { onOff, optionalText, defineNamespace, url, whole } from './namespace.js';

/** Goes into a header as it is: whatever a header cannot carry would fail every call. */
export const HEADER_TEXT = /^[\x21-\x7e]+$/;

const headerText = z.string().regex(HEADER_TEXT, 'must be printable ASCII without spaces');

/** The vendor's token service, CAS. */
export const cas = defineNamespace({
  title: "The vendor's token service (CAS)",
  variables: {
    CAS_URL: {
      schema: url('http:', 'https:'),
      description: "Base URL of CAS, from the vendor's private area. https, but for loopback.",
    },
    CAS_API_KEY: { schema: headerText, description: 'API key of CAS.', secret: true },
    CAS_API_SECRET: { schema: headerText, description: 'API secret of CAS.', secret: true },
    CAS_TIMEOUT_MS: {
      schema: whole(10, 120_000),
      description: 'The whole time for one call, from connect to the last byte, in ms.',
      default: '5000',
    },
    CAS_ALLOW_HTTP: {
      schema: onOff,
      description: 'Allows plain http to a CAS that is not on loopback, in production: on or off.',
      default: 'off',
    },
    TOKEN_MAX_TTL_S: {
      schema: whole(1, 31_536_000),
      description: 'The longest life of a session, and the life of one whose token carries no exp, in s.',
      default: '86400',
    },
    HTTPS_PROXY: {
      schema: url('http:', 'https:').optional(),
      description: 'A proxy for calls to a CAS on https.',
      secret: true,
    },
    NO_PROXY: { schema: optionalText, description: 'Hosts that are called without the proxy, comma-separated.' },
  },
  faults: (values, { production }) => {
    if (values.CAS_URL === undefined) return [];
    const target = new URL(values.CAS_URL);
    if (!production || target.protocol === 'https:' || values.CAS_ALLOW_HTTP === true || isLoopback(target.hostname))
      return [];
    return ['CAS_URL must be https in production, or its host loopback, or CAS_ALLOW_HTTP=on'];
  },
  settings: (values, _context, files) => ({
    url: values.CAS_URL,
    apiKey: values.CAS_API_KEY,
    apiSecret: values.CAS_API_SECRET,
    /** The files that they came from, if they did: read again when they change. */
    apiKeyFile: files.CAS_API_KEY,
    apiSecretFile: files.CAS_API_SECRET,
    timeoutMs: values.CAS_TIMEOUT_MS,
    tokenMaxTtlS: values.TOKEN_MAX_TTL_S,
    httpsProxy: values.HTTPS_PROXY,
    noProxy: values.NO_PROXY,
  }),
});

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
