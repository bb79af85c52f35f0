import { PRODUCTS, type Product } from '@app/kernel';
import { z } from 'zod';
import { defineNamespace, whole } from './namespace.js';

const products = z.string().transform((value, context): Product[] => {
  const names = [...new Set(value.split(',').map((name) => name.trim()))];
  const known = PRODUCTS.filter((product) => names.includes(product));
  if (known.length !== names.length || known.length === 0) {
    context.addIssue(`must be a comma-separated list of ${PRODUCTS.join(', ')}`);
    return z.NEVER;
  }
  return known;
});

export const sessions = defineNamespace({
  title: 'Sessions',
  variables: {
    DEFAULT_PRODUCTS: {
      schema: products,
      description: 'Products of a session created without any: stream, sync or both, comma-separated.',
      default: 'stream',
    },
    MINT_DEADLINE_S: {
      schema: whole(1, 86_400),
      description: 'How long a session may stay pending after creation or retry before it counts as failed, in s.',
      default: '900',
    },
    MAX_PENDING: {
      schema: whole(1, 100_000_000),
      description:
        'Maximum number of pending sessions; above this, new ones are rejected. Approximate: counted once per second.',
      default: '200000',
    },
    MAX_PARTICIPANTS: {
      schema: whole(1, 10_000),
      description:
        'Maximum number of seats for participants of one session; viewers have no limit. The limit of the vendor is not public: use that of your contract.',
      default: '16',
    },
  },
  settings: (values) => ({
    defaultProducts: values.DEFAULT_PRODUCTS,
    mintDeadlineS: values.MINT_DEADLINE_S,
    maxPending: values.MAX_PENDING,
    maxParticipants: values.MAX_PARTICIPANTS,
  }),
});
