import type { SandboxSettings } from '@app/config';
import { type Log, NestLog } from '@app/observability';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CasSandboxModule } from './cas-sandbox.module.js';

/** The sandbox, ready to listen; the same for `main.ts` and for tests. */
export function createSandbox(settings: SandboxSettings, log: Log): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    // Held replies must not hold the process when it is told to go.
    forceCloseConnections: true,
    // Nest strips final slashes from its routes; the vendor controller looks at them itself.
    routerOptions: { ignoreTrailingSlash: true },
  });
  return NestFactory.create<NestFastifyApplication>(CasSandboxModule.with(settings, log), adapter, {
    logger: new NestLog(log),
    abortOnError: false,
  });
}
