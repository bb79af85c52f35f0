import { ConfigService, type SettingsService } from '@app/config';
import { sleep } from '@app/kernel';
import { Health } from '@app/observability';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

/** How long requests in flight may still take after the gateway stops serving, in ms. None of them is waiting by then. */
const FINISH_TIMEOUT_MS = 5000;

/**
 * On SIGTERM readiness turns red immediately, and the gateway keeps serving for `DRAIN_MS` while load balancers react.
 * From then on every reply closes its connection (see `configureServer`): a kept-alive one would keep the process running.
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

  /** Idle connections receive no reply that could close them, so they are closed here. */
  beforeApplicationShutdown(): void {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    setTimeout(() => {
      server.closeAllConnections();
    }, FINISH_TIMEOUT_MS).unref();
  }
}
