import { randomBytes } from 'node:crypto';
import { gatewayNamespaces, readSettings, workerNamespaces } from '@app/config';
import { ApiKeysRepository } from '@app/entities';
import { newApiKey, parseApiKey, type Scope } from '@app/kernel';
import { createLog, NestLog } from '@app/observability';
import { describe } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureServer } from '../../apps/gateway/src/server/configure-server.js';
import { GatewayModule } from '../../apps/gateway/src/gateway.module.js';
import { createFastifyAdapter } from '../../apps/gateway/src/server/fastify-adapter.js';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import { type RunningSandbox, startCasSandbox } from './cas-sandbox.js';
import { Client } from './client.js';
import { cloneDatabase, type TestDatabase } from './database.js';
import type { LogLine } from './process.js';

export const QUEUES = ['postgres', 'redis'] as const;

export type Queue = (typeof QUEUES)[number];

/** `describe`, but skipped for Redis where there is none; the global setup has said so loudly. */
export function describeOn(queue: Queue) {
  return queue === 'redis' && process.env.TEST_REDIS_URL === undefined ? describe.skip : describe;
}

export interface TestAppOptions {
  queue?: Queue;
  /** Whether there is a worker from the start; true. */
  worker?: boolean;
  casLatencyMs?: number;
  tokenTtlS?: number;
  /** For the gateways and the worker, as in the environment of a process. */
  env?: Record<string, string>;
}

export interface RunningGateway {
  app: NestFastifyApplication;
  url: string;
  /** Has every scope. */
  client: Client;
  close(): Promise<void>;
}

/**
 * The same Nest applications that the processes run, inside this process: gateways and a worker over a database of
 * their own, with a CAS that takes orders.
 */
export class TestApp {
  readonly apiKey = newApiKey();
  readonly sealingKeys = `k1:${randomBytes(32).toString('base64')}`;
  readonly gateways: RunningGateway[] = [];
  /** Everything that gateways and worker have logged. */
  readonly log: LogLine[] = [];
  private readonly clients: Client[] = [];
  private readonly prefix = `t-${randomBytes(6).toString('hex')}`;
  private worker: INestApplicationContext | undefined;

  private constructor(
    private readonly options: TestAppOptions,
    readonly database: TestDatabase,
    readonly cas: RunningSandbox,
  ) {}

  static async open(options: TestAppOptions = {}): Promise<TestApp> {
    const { casLatencyMs = 0, tokenTtlS = 7200 } = options;
    const [cas, database] = await Promise.all([
      startCasSandbox({ latencyMs: casLatencyMs, tokenTtlS }),
      cloneDatabase(),
    ]);
    const testApp = new TestApp(options, database, cas);
    await testApp.startGateway();
    if (options.worker !== false) await testApp.startWorker();
    return testApp;
  }

  /** The first gateway. */
  get gateway(): RunningGateway {
    const [first] = this.gateways;
    if (first === undefined) throw new Error('there is no gateway');
    return first;
  }

  get url(): string {
    return this.gateway.url;
  }

  /** A client of the first gateway with every scope. */
  get client(): Client {
    return this.gateway.client;
  }

  async startGateway(extra: Record<string, string> = {}): Promise<RunningGateway> {
    const settings = readSettings(gatewayNamespaces, this.environment({ BOOTSTRAP_API_KEY: this.apiKey, ...extra }));
    const log = this.newLog('gateway');
    const module = await GatewayModule.with(settings, log);
    const app = await NestFactory.create<NestFastifyApplication>(module, createFastifyAdapter(settings), {
      logger: new NestLog(log),
      bodyParser: false,
      abortOnError: false,
    });
    await configureServer(app).listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const client = this.newClient(url, this.apiKey);
    const gateway = { app, url, client, close: () => app.close() };
    this.gateways.push(gateway);
    return gateway;
  }

  async startWorker(extra: Record<string, string> = {}): Promise<INestApplicationContext> {
    const { url, apiKey, apiSecret } = this.cas;
    const own = { CAS_URL: url, CAS_API_KEY: apiKey, CAS_API_SECRET: apiSecret, CAS_TIMEOUT_MS: '2000' };
    const settings = readSettings(workerNamespaces, this.environment({ ...own, ...extra }));
    const log = this.newLog('worker');
    const module = await WorkerModule.with(settings, log);
    this.worker = await NestFactory.createApplicationContext(module, { logger: new NestLog(log), abortOnError: false });
    return this.worker;
  }

  async stopWorker(): Promise<void> {
    await this.worker?.close();
    this.worker = undefined;
  }

  /** A client with an API key of these scopes and no other. */
  async clientWith(...scopes: Scope[]): Promise<Client> {
    const key = newApiKey();
    const kept = parseApiKey(key);
    if (kept === null) throw new Error('a key of ours is no key');
    await this.gateway.app.get(ApiKeysRepository).ensure({ ...kept, name: scopes.join(), scopes, ratePerS: null });
    return this.newClient(this.url, key);
  }

  /** A client with this key, or none. */
  newClient(url: string, apiKey: string | null): Client {
    const client = new Client(url, apiKey);
    this.clients.push(client);
    return client;
  }

  /** How many sessions there are. */
  async sessions(): Promise<number> {
    const [row] = await this.database.rows<{ count: number }>('SELECT count(*)::int AS count FROM sessions');
    return row?.count ?? 0;
  }

  /** Ends everything; fails if a connection was left open. */
  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()));
    await Promise.all(this.gateways.map((gateway) => gateway.close()));
    await this.stopWorker();
    await this.cas.close();
    await this.database.drop();
  }

  private environment(extra: Record<string, string>): Record<string, string> {
    const { TEST_REDIS_URL } = process.env;
    return {
      NODE_ENV: 'test',
      DATABASE_URL: this.database.url,
      ...(this.options.queue === 'redis' && TEST_REDIS_URL !== undefined && { REDIS_URL: TEST_REDIS_URL }),
      QUEUE_PREFIX: this.prefix,
      TOKEN_ENCRYPTION_KEYS: this.sealingKeys,
      OPS_PORT: '0',
      // Longer than the default, for machines that do much else; tests of a database that is away or slow set their own.
      DATABASE_TIMEOUT_MS: '4000',
      MINT_LOCK_MS: '2000',
      MINT_STALLED_MS: '500',
      SWEEP_EVERY_MS: '500',
      // All tests come from one address, and many of them with credentials that are wrong on purpose.
      MAX_FAILED_CREDENTIALS: '1000000',
      ...this.options.env,
      ...extra,
    };
  }

  private newLog(app: string) {
    const write = (line: string) => this.log.push(JSON.parse(line) as LogLine);
    return createLog(app, { logLevel: this.options.env?.LOG_LEVEL ?? 'info', production: true }, { write });
  }
}
