import { z } from 'zod';
import { defineNamespace } from './namespace.js';

export const runtime = defineNamespace({
  title: 'Process',
  variables: {
    NODE_ENV: {
      schema: z.enum(['development', 'test', 'production']),
      description: 'Anything but an explicit "development" or "test" is production.',
      default: 'production',
    },
    LOG_LEVEL: {
      schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
      description: 'The least severe level that is logged.',
      default: 'info',
    },
    FAILPOINT: {
      schema: z
        .string()
        .regex(/^[a-z-]+$/)
        .optional(),
      description: 'For crash tests only, refused in production: the point at which this process kills itself.',
    },
  },
  faults: (values, { production }) =>
    production && values.FAILPOINT !== undefined ? ['FAILPOINT must not be set in production'] : [],
  settings: (values, { production }) => ({
    production,
    logLevel: values.LOG_LEVEL,
    failpoint: values.FAILPOINT,
  }),
});
