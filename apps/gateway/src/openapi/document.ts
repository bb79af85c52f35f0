import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { PROBLEM_CODES } from '../problems/problem-codes.js';
import { SECURITY_SCHEME } from './responses.js';
import { defaultResponses, defaultResponseFor } from './default-responses.js';

const fault = z.strictObject({
  detail: z.string(),
  pointer: z.string().exactOptional().meta({ description: 'JSON Pointer into the body' }),
  parameter: z.string().exactOptional().meta({ description: 'Name of a path or query parameter' }),
  header: z.string().exactOptional().meta({ description: 'Name of a header' }),
});

const problem = z.strictObject({
  type: z.string().meta({ description: '`urn:watchtogether:problem:` and the code' }),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  instance: z.string(),
  code: z.enum(PROBLEM_CODES),
  retryable: z.boolean().meta({ description: 'Whether the same request may succeed later' }),
  requestId: z.string(),
  errors: z.array(fault).exactOptional(),
  suggestion: z.string().exactOptional().meta({ description: 'Of `name-taken`: a name that was free' }),
});

/** The public API as an OpenAPI 3.1 document. Nothing needs to be running. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('WatchTogether Auth Server')
    .setDescription(
      'Sessions for Sceenic Watch Together. One client opens a room or creates a session, the others present its TokenID: ' +
        'all of them get exactly the same token.\n\nErrors are problem documents (RFC 9457) with a `code` from a closed list.',
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addTag('Rooms', 'Stable names chosen by you; a room has at most one live session')
    .addTag('Sessions', 'By TokenID')
    .addTag('Seats', 'Names and places in a session, held by a lease. Advisory: the vendor does not know of them')
    .addTag('Tickets', 'Credentials for browsers, each bound to one session or room')
    .addTag('Pool', 'The warm pool: tokens that are minted ahead, for sessions that are ready at once')
    .addTag('Webhooks', 'Signed events for your servers (Standard Webhooks), delivered at least once')
    .addTag('Chat', 'Tokens of the public chat, one for each user')
    .addTag('Audit', 'Who did what, kept for 30 days (`AUDIT_RETENTION_S`)')
    .addTag(
      'Drop-in rooms',
      'The contract of the vendor’s demo server, for existing clients. Off by default (`ROOM_API=on`). ' +
        'It takes no credential: anyone who knows a room’s name gets its tokens',
    )
    .addTag('Health', 'For load balancers')
    .addSecurity(SECURITY_SCHEME, {
      type: 'http',
      scheme: 'bearer',
      description: 'An API key, `wtk_<id>_<secret>`, a JWT of the customer’s identity provider, or a ticket, `wtt_…`',
    })
    .build();
  // zod's own converter: OpenAPI 3.1 uses JSON Schema 2020-12 unchanged.
  delete (config.components?.securitySchemes?.[SECURITY_SCHEME] as { bearerFormat?: string }).bearerFormat;
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => {
      const {
        $schema: _,
        $defs,
        ...own
      } = z.toJSONSchema(schema as z.ZodType, {
        io: schemaType,
        target: 'draft-2020-12',
        unrepresentable: 'any',
      });
      return { schema: own, ...($defs !== undefined && { components: $defs }) };
    },
  });
  const { $schema: _, ...problemSchema } = z.toJSONSchema(problem, { target: 'draft-2020-12' });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema as never },
    responses: defaultResponses(),
  };
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const operation of Object.values(methods) as { responses: object }[]) {
      const others = defaultResponseFor(path);
      const listsNone = Object.keys(operation.responses).every((status) => !status.startsWith('4'));
      Object.assign(operation.responses, { ...(listsNone && { '4XX': others }), default: others });
    }
  }
  return document;
}
