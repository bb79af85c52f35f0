import { text, defineNamespace, whole } from './namespace.js';

/** The ops port has another default in each process, so that all of them fit on one machine. */
export function ops(defaultPort: number) {
  return defineNamespace({
    title: 'Ops port (never expose it)',
    variables: {
      OPS_PORT: {
        schema: whole(0, 65_535),
        description: 'Health and metrics: gateway 3001, worker 3002; 0 picks a free one and logs it.',
        default: String(defaultPort),
      },
      OPS_HOST: { schema: text, description: 'The address that the ops port listens on.', default: '127.0.0.1' },
    },
    settings: (values) => ({ port: values.OPS_PORT, host: values.OPS_HOST }),
  });
}
