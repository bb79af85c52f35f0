import { z } from 'zod';
import { defineNamespace, onOff, url, whole } from './namespace.js';

/** Sent verbatim in a header: a value that a header cannot carry would fail every call. */
export const HEADER_TEXT = /^[\x21-\x7e]+$/;

const headerText = z.string().regex(HEADER_TEXT, 'must be printable ASCII without spaces');

/** The vendor's token service, CAS. */
export const cas = defineNamespace({
  title: "CAS, the vendor's token service",
  variables: {
    CAS_URL: {
      schema: url('http:', 'https:'),
      description:
        "Base URL of CAS, from the vendor's customer portal. Must be https in production, except on loopback.",
    },
    CAS_API_KEY: {
      schema: headerText,
      description: 'CAS API key, issued by the vendor. For the sandbox, generate one.',
      secret: true,
      recipe: 'openssl rand -hex 16',
    },
    CAS_API_SECRET: {
      schema: headerText,
      description: 'CAS API secret, issued by the vendor. For the sandbox, generate one.',
      secret: true,
      recipe: 'openssl rand -hex 32',
    },
    CAS_TIMEOUT_MS: {
      schema: whole(10, 120_000),
      description: 'Timeout of one CAS call, from connect to the last byte, in ms.',
      default: '5000',
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
  faults: (values, { production }) => {
    if (values.CAS_URL === undefined) return [];
    const target = new URL(values.CAS_URL);
    if (!production || target.protocol === 'https:' || values.CAS_ALLOW_HTTP === true || isLoopback(target.hostname))
      return [];
    return ['CAS_URL must be https in production, unless its host is loopback or CAS_ALLOW_HTTP=on'];
  },
  settings: (values, _context, files) => ({
    url: values.CAS_URL,
    apiKey: values.CAS_API_KEY,
    apiSecret: values.CAS_API_SECRET,
    /** The files they were read from, if any: reread when they change. */
    apiKeyFile: files.CAS_API_KEY,
    apiSecretFile: files.CAS_API_SECRET,
    timeoutMs: values.CAS_TIMEOUT_MS,
    tokenMaxTtlS: values.TOKEN_MAX_TTL_S,
  }),
});

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
