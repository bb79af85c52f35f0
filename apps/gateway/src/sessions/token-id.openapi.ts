import { ApiParam } from '@nestjs/swagger';

/** The TokenID in a path. */
export const TokenId = (): MethodDecorator =>
  ApiParam({
    name: 'tokenId',
    description: 'The TokenID, as clients share it',
    schema: { type: 'string' },
    example: 'ses_4vX9cQm2LrT7wKz0BnYh1D',
  });
