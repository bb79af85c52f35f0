import { z } from 'zod';
import { onOff, defineNamespace } from './namespace.js';

/** The host becomes part of a Content-Security-Policy, where `;` or `,` would start a new directive or policy. */
const PLAIN_HOST = /^[a-z0-9.-]+$|^\[[0-9a-f:]+\]$/i;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function isScriptUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  const secure = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
  return secure && PLAIN_HOST.test(hostname) && username === '' && password === '';
}

export const demo = defineNamespace({
  title: 'Watch page',
  variables: {
    DEMO: {
      schema: onOff.optional(),
      description: 'Serve the watch page at /demo: on or off. If unset: on in development, otherwise off.',
    },
    DEMO_SDK_URL: {
      schema: z.string().refine(isScriptUrl, { error: 'must be an https URL, or http on loopback' }).optional(),
      description:
        "URL of the vendor's Web SDK script: https, or http on loopback. The only third-party script of the watch page.",
    },
    DEMO_SDK_INTEGRITY: {
      schema: z
        .string()
        .regex(/^sha(?:256|384|512)-[A-Za-z0-9+/]{43,86}={0,2}$/, 'must be sha256-, sha384- or sha512- and base64')
        .optional(),
      description: 'Subresource Integrity of the script at DEMO_SDK_URL: browsers run no other version of it.',
    },
    DEMO_LINK_SECRET: {
      schema: z.string().min(20).optional(),
      description:
        'One-time secret that the watch page exchanges for BOOTSTRAP_API_KEY, in development only; npm start makes one and prints a link with it.',
      secret: true,
      recipe: 'openssl rand -hex 20',
    },
  },
  settings: (values, { development }) => ({
    on: values.DEMO ?? development,
    sdkUrl: values.DEMO_SDK_URL,
    sdkIntegrity: values.DEMO_SDK_INTEGRITY,
    /** Exchanged once for the development API key; in development only. */
    linkSecret: development ? values.DEMO_LINK_SECRET : undefined,
  }),
});
