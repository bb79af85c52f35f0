import { ConfigService, type SettingsService } from '@app/config';
import { newRequestId } from '@app/kernel';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { fastify, type FastifyInstance, type FastifyPluginCallback } from 'fastify';
import { Health } from './health.js';
import { untilListening } from './listen.js';
import { LOG, type Log } from './log.js';
import { Metrics } from './metrics.js';

/**
 * The ops server of a process: `/livez`, `/readyz`, `/metrics`, and what features add before it listens. For operators
 * only, never expose it.
 */
@Injectable()
export class OpsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly server: FastifyInstance = fastify({ forceCloseConnections: true, genReqId: newRequestId });

  constructor(
    @Inject(ConfigService) private readonly config: SettingsService<'ops'>,
    @Inject(LOG) private readonly log: Log,
    health: Health,
    metrics: Metrics,
  ) {
    this.server.get('/livez', async (_request, reply) => {
      const failing = await health.failingLive();
      return reply.code(failing.length === 0 ? 200 : 503).send(healthBody(failing));
    });
    this.server.get('/readyz', async (_request, reply) => {
      const [failing, notices] = await Promise.all([health.failingReady(), health.applyingNotices()]);
      return reply.code(failing.length === 0 ? 200 : 503).send(healthBody(failing, notices));
    });
    this.server.get('/metrics', async (_request, reply) =>
      reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
  }

  /** Adds routes, in `onModuleInit`: with hooks and an error handler of their own. */
  register(routes: FastifyPluginCallback): void {
    void this.server.register(routes);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port } = this.config.get('ops', { infer: true });
    const address = { host, port, variables: 'OPS_HOST, OPS_PORT' };
    const url = await untilListening(address, this.server.listen({ host, port }));
    this.log.info({ url }, 'ops port is listening');
  }

  async onApplicationShutdown(): Promise<void> {
    await this.server.close();
  }
}

/** The response of a health route. `notices` is present if there are any. */
export interface HealthBody {
  status: 'ok' | 'unavailable';
  failing: string[];
  notices?: string[];
}

/** The names of the failing parts, never their error messages, and what else operators should know. */
export function healthBody(failing: string[], notices: string[] = []): HealthBody {
  return { status: failing.length === 0 ? 'ok' : 'unavailable', failing, ...(notices.length > 0 && { notices }) };
}
