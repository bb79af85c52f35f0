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
  },
  settings: (values, { development }) => ({
    on: values.DEMO ?? development,
    sdkUrl: values.DEMO_SDK_URL,
    /** Whether the page is given the development API key: in development only. */
    handsOutKey: development,
  }),
});
