import { defineNamespace, onOff } from './namespace.js';

export const console = defineNamespace({
  title: 'Console (on the ops port of the gateway)',
  variables: {
    CONSOLE_READ_ONLY: {
      schema: onOff,
      description: 'Whether the console refuses every change: on or off.',
      default: 'off',
    },
  },
  settings: (values, { development }) => ({
    readOnly: values.CONSOLE_READ_ONLY,
    /** Whether a browser on this machine needs no key: in development only. */
    openOnLoopback: development,
  }),
});
