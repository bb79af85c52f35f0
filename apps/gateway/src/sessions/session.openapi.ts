import { ApiBody, type ApiBodyOptions } from '@nestjs/swagger';
import { openSessionBody } from './session.schemas.js';

/** The optional body of whoever opens a session, with what Swagger UI offers to send. */
export const ApiOpenSessionBody = (): MethodDecorator =>
  ApiBody({
    required: false,
    // Read by the library, but missing in its types.
    standardSchema: openSessionBody,
    examples: {
      nothing: { summary: 'The defaults', value: {} },
      everything: {
        summary: 'Two products and metadata',
        value: { products: ['stream', 'sync'], metadata: { match: 'derby' } },
      },
    },
  } as ApiBodyOptions);
