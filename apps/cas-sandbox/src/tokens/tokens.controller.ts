import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TOKEN_PATHS } from '../vendor/vendor-product.js';
import { TokensService } from './tokens.service.js';

/** The vendor's three token calls. They write to the raw reply, since a fault may be malformed HTTP. */
@Controller()
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  @Get(TOKEN_PATHS.stream)
  stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.tokens.answer('stream', request, reply);
  }

  @Get(TOKEN_PATHS.sync)
  sync(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.tokens.answer('sync', request, reply);
  }

  @Get(TOKEN_PATHS.chat)
  chat(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.tokens.answer('chat', request, reply);
  }
}
