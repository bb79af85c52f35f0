import { Controller, Get } from '@nestjs/common';
import { FAULT_DESCRIPTIONS } from './faults/fault.js';
import { TOKEN_PATHS } from './vendor/vendor-product.js';

/** `GET /`: what the sandbox serves, for a developer who opens its URL. */
@Controller()
export class IndexController {
  @Get()
  index(): object {
    return {
      name: 'CAS sandbox',
      description: "Stand-in for the vendor's CAS, with faults on request",
      documentation: 'docs/cas-sandbox.md',
      tokens: {
        stream: `GET ${TOKEN_PATHS.stream}`,
        sync: `GET ${TOKEN_PATHS.sync}`,
        chat: `GET ${TOKEN_PATHS.chat}?sub=USER_ID`,
        credentials: 'headers Auth-API-Key and Auth-API-Secret: CAS_API_KEY and CAS_API_SECRET of this process',
      },
      commands: {
        'POST /sandbox/faults': 'Add a fault',
        'GET /sandbox/faults': 'List the faults',
        'DELETE /sandbox/faults': 'Remove all faults and release held replies',
        'GET /sandbox/held': 'Count held replies',
        'POST /sandbox/release': 'Release held replies',
        'GET /sandbox/journal': 'List the calls',
        'GET /sandbox/journal?summary': 'Count calls and tokens per product',
        'DELETE /sandbox/journal': 'Clear the journal',
        'GET /livez': 'Health check',
      },
      faults: FAULT_DESCRIPTIONS,
    };
  }
}
