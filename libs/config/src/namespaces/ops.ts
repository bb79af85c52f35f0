import { text, defineNamespace, whole } from './namespace.js';

/** Each process has a different default port, so that all of them can run on one host. */
export function ops(defaultPort: number) {
  return defineNamespace({
    title: 'Ops port (never expose it)',
    variables: {
      OPS_PORT: {
        schema: whole(0, 65_535),
        description:
          'Port for health checks and metrics. Default: 3001 for the gateway, 3002 for the worker; 0 picks a free port and logs it.',
        default: String(defaultPort),
      },
      OPS_HOST: { schema: text, description: 'Listen address of the ops port.', default: '127.0.0.1' },
    },
    settings: (values) => ({ port: values.OPS_PORT, host: values.OPS_HOST }),
  });
}
