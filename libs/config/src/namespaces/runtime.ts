import { z } from 'zod';
import { defineNamespace } from './namespace.js';

export const runtime = defineNamespace({
  title: 'Process',
  variables: {
    NODE_ENV: {
      schema: z.enum(['development', 'test', 'production']),
      description: 'development, test or production. If unset: production.',
      default: 'production',
    },
    LOG_LEVEL: {
      schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
      description: 'Minimum severity of logged events.',
      default: 'info',
    },
    FAILPOINT: {
      schema: z
        .string()
        .regex(/^[a-z-]+$/)
        .optional(),
      description: 'For crash tests only, rejected in production: the point at which the process kills itself.',
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
