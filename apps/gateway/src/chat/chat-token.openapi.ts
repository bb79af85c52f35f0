import { ApiBody, type ApiBodyOptions, ApiParam, ApiResponse } from '@nestjs/swagger';
import { header, REQUEST_ID } from '../openapi/responses.js';
import { chatTokenBody, type ChatTokenView, chatTokenView } from './chat-token.schemas.js';

/** The user in a path. */
export const Subject = (): MethodDecorator =>
  ApiParam({
    name: 'subject',
    description:
      'With an API key the id of the user that it vouches for: 1 to 255 characters, none of them a control or format character, ' +
      'percent-encoded; not `me`, `.` or `..`. With a user’s JWT or a ticket only `me`.',
    schema: { type: 'string' },
    example: 'u-4711',
  });

/** The optional, empty body. */
export const ApiChatTokenBody = (): MethodDecorator =>
  ApiBody({
    required: false,
    // Supported by the library, but missing from its types.
    standardSchema: chatTokenBody,
    examples: { nothing: { summary: 'There is nothing to choose', value: {} } },
  } as ApiBodyOptions);

const READY: ChatTokenView = {
  subject: 'u-4711',
  status: 'ready',
  token: '<JWT, to be passed to the SDK unchanged>',
  expiresAt: '2026-11-24T22:59:00.000Z',
  failure: null,
};
const { token: _, ...WITHOUT_TOKEN } = READY;

const EXAMPLES: Record<string, ChatTokenView> = {
  ready: READY,
  pending: { ...WITHOUT_TOKEN, status: 'pending', expiresAt: null },
  failed: {
    ...WITHOUT_TOKEN,
    status: 'failed',
    expiresAt: null,
    failure: { code: 'cas-unavailable', detail: 'The token service did not answer in time.', retryable: true },
  },
};

/** A reply with a chat token. */
export function ApiChatToken(
  status: number,
  description: string,
  ...examples: ('ready' | 'pending' | 'failed')[]
): MethodDecorator {
  return ApiResponse({
    status,
    description,
    standardSchema: chatTokenView,
    examples: Object.fromEntries(examples.map((name) => [name, { summary: name, value: EXAMPLES[name] }])),
    headers: {
      ...REQUEST_ID,
      ...(status === 202 && { 'Retry-After': header('Seconds to wait before asking again', '1') }),
      ...(status !== 200 && { Location: header('URL of the chat token', '/v1/chat-tokens/u-4711') }),
    },
  });
}
