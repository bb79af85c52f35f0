import type { SandboxSettings } from '@app/config';
import { type Log, NestLog } from '@app/observability';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CasSandboxModule } from './cas-sandbox.module.js';

/** Creates the sandbox, ready to listen. `main.ts` and the tests share it. */
export function createSandbox(settings: SandboxSettings, log: Log): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    // Held replies must not delay a shutdown.
    forceCloseConnections: true,
    // Nest strips trailing slashes from routes; TokensService redirects to the path with the slash, as CAS does.
    routerOptions: { ignoreTrailingSlash: true },
  });
  return NestFactory.create<NestFastifyApplication>(CasSandboxModule.with(settings, log), adapter, {
    logger: new NestLog(log),
    abortOnError: false,
  });
}
