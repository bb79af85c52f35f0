import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VendorService } from './vendor.service.js';

/** The vendor's three calls. They answer on the bare reply, since a fault may be anything but a tidy one. */
@Controller()
export class VendorController {
  constructor(private readonly vendor: VendorService) {}

  @Get('stream/token/v2')
  stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.vendor.answer('stream', request, reply);
  }

  @Get('sync/token')
  sync(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.vendor.answer('sync', request, reply);
  }

  @Get('public-chat/token')
  chat(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.vendor.answer('chat', request, reply);
  }
}
