import { text, topic, whole } from '../topic.js';

/** The ops port has another default in each process, so that all of them fit on one machine. */
export function ops(defaultPort: number) {
  return topic({
    title: 'Ops port (never expose it)',
    variables: {
      OPS_PORT: {
        schema: whole(0, 65_535),
        about: 'Health and metrics: gateway 3001, worker 3002; 0 picks a free one and logs it.',
        default: String(defaultPort),
      },
      OPS_HOST: { schema: text, about: 'The address that the ops port listens on.', default: '127.0.0.1' },
    },
    settings: (values) => ({ port: values.OPS_PORT, host: values.OPS_HOST }),
  });
}
