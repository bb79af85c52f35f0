import { ConfigService, type SettingsService } from '@app/config';
import { sleep } from '@app/kernel';
import { Health } from '@app/observability';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

/** What requests that are under way may still take when the gateway stops serving, in ms. None of them is held then. */
const FINISH_TIMEOUT_MS = 5000;

/**
 * At SIGTERM: readiness turns red at once, and the gateway goes on serving while load balancers take notice. From then
 * on every reply ends its connection (see `configureServer`), for a kept-alive one would hold the process.
 */
@Injectable()
export class GracefulShutdown implements OnModuleDestroy, BeforeApplicationShutdown {
  constructor(
    private readonly health: Health,
    private readonly adapterHost: HttpAdapterHost,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.health.drain();
    const { drainMs } = this.config.get('http', { infer: true });
    if (drainMs > 0) await sleep(drainMs);
  }

  /** A connection on which nothing was ever asked gets no reply that could end it. */
  beforeApplicationShutdown(): void {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    setTimeout(() => {
      server.closeAllConnections();
    }, FINISH_TIMEOUT_MS).unref();
  }
}
