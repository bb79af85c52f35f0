import { defineNamespace, whole } from './namespace.js';

/** Read by gateways, which take from the pool, and by workers, which refill it: the same values in both. */
export const pool = defineNamespace({
  title: 'Warm pool',
  variables: {
    POOL_MIN_LIFE_S: {
      schema: whole(60, 31_536_000),
      description:
        'Least life that the tokens of a set in the warm pool have left when a session takes it, in s: at least as long as an event lasts. Tokens that are issued with less are not pooled.',
      default: '3600',
    },
    POOL_MAX_AGE_S: {
      schema: whole(1, 31_536_000),
      description: 'Age at which a set of the warm pool is discarded, in s.',
      default: '3600',
    },
  },
  settings: (values) => ({ minLifeS: values.POOL_MIN_LIFE_S, maxAgeS: values.POOL_MAX_AGE_S }),
});
