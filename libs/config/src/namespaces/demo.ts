import { z } from 'zod';
import { onOff, defineNamespace } from './namespace.js';

/** The host goes into a Content-Security-Policy, where `;` or `,` would begin something new. */
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
      description: 'Whether the watch page is served at /demo: on or off. Without it: on in development, else off.',
    },
    DEMO_SDK_URL: {
      schema: z.string().refine(isScriptUrl, { error: 'must be an https URL, or http on loopback' }).optional(),
      description:
        "The vendor's Web SDK, as a script: https, or http on loopback. The watch page loads it from there alone.",
    },
  },
  settings: (values, { development }) => ({
    on: values.DEMO ?? development,
    sdkUrl: values.DEMO_SDK_URL,
    /** The page may be handed the development key: never anywhere else. */
    handsOutKey: development,
  }),
});
