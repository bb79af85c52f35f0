import { z } from 'zod';
import { defineNamespace } from './namespace.js';

/** What the operator's commands need to call the API. */
export const apiClient = defineNamespace({
  title: 'Commands that call the API',
  variables: {
    API_KEY: {
      schema: z.string().regex(/^wtk_[a-z0-9]{4,16}_[A-Za-z0-9]{43,128}$/, 'must be an API key, wtk_<id>_<secret>'),
      description: 'API key of the command rooms open, with the scope rooms:open; made by keys create.',
      secret: true,
      recipe: 'echo "wtk_$(openssl rand -hex 4)_$(openssl rand -hex 32)"',
    },
  },
  settings: (values) => ({ apiKey: values.API_KEY }),
});
