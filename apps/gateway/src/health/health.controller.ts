import { Health, healthBody } from '@app/observability';
import { applyDecorators, Controller, Get, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Operation } from '../openapi/responses.js';

const healthView = z
  .strictObject({
    status: z.enum(['ok', 'unavailable']),
    failing: z.array(z.string()),
    notices: z.array(z.string()).exactOptional().meta({
      description: 'What operators should know, such as `queue-paused`: sessions are accepted and stay pending.',
    }),
  })
  .meta({ id: 'Health' });

const Answers = (): MethodDecorator =>
  applyDecorators(ApiHealth(200, 'All is well', []), ApiHealth(503, 'These parts are failing', ['database']));

function ApiHealth(status: number, description: string, failing: string[]): MethodDecorator {
  const examples = { answer: { summary: description, value: healthBody(failing) } };
  return ApiResponse({ status, description, standardSchema: healthView, examples });
}

@ApiTags('Health')
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @Operation('livez', 'Is this process alive?', 'Restart it if not.')
  @Answers()
  async livez(@Res({ passthrough: true }) reply: FastifyReply) {
    return answer(await this.health.failingLive(), reply);
  }

  @Get('readyz')
  @Operation('readyz', 'Can this process serve?', 'Send it no requests if not.')
  @Answers()
  async readyz(@Res({ passthrough: true }) reply: FastifyReply) {
    return answer(await this.health.failingReady(), reply, await this.health.applyingNotices());
  }
}

function answer(failing: string[], reply: FastifyReply, notices: string[] = []) {
  void reply.status(failing.length === 0 ? 200 : 503);
  return healthBody(failing, notices);
}
