import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/ports.mjs';
import { type RunningPostgres, startPostgres } from '../../tools/postgres.mjs';
import { type RunningRedis, startRedis } from '../../tools/redis.mjs';
import { type RunningSandbox, startCasSandbox } from './cas-sandbox.js';
import { Client } from './client.js';
import { cloneDatabase, connectDatabase, type TestDatabase } from './database.js';
import { Process } from './process.js';

export type Backend = 'postgres' | 'redis';

export interface TestDeploymentOptions {
  queue: Backend;
  gateways?: number;
  workers?: number;
  /** A Postgres of its own, for tests that stop it. */
  ownPostgres?: boolean;
  /** An empty database of the test's own, instead of a clone. */
  databaseUrl?: string;
  /** Of Redis; none by default. */
  redisPassword?: string;
  casLatencyMs?: number;
  tokenTtlS?: number;
  /** For all processes; short locks come by default, so that a crash is noticed soon. */
  env?: Record<string, string>;
}

/** Short enough for tests, long enough for two busy cores. Tests of a database that is away or slow set their own. */
const QUICK = {
  MINT_LOCK_MS: '2000',
  MINT_STALLED_MS: '500',
  SWEEP_EVERY_MS: '500',
  CAS_TIMEOUT_MS: '3000',
  DATABASE_TIMEOUT_MS: '4000',
  BOOT_TIMEOUT_S: '15',
};

/** A whole deployment of real processes: gateways, workers, Postgres, Redis if asked for, and a CAS that takes orders. */
export class TestDeployment {
  readonly gateways: Process[] = [];
  readonly workers: Process[] = [];
  readonly clients: Client[] = [];
  readonly apiKey = `wtk_test${randomBytes(3).toString('hex')}_${randomBytes(32).toString('hex')}`;
  readonly sealingKeys = `k1:${randomBytes(32).toString('base64')}`;
  private readonly others: Process[] = [];

  private constructor(
    readonly options: TestDeploymentOptions,
    readonly directory: string,
    /** What the assertions ask; a test of a failover directs it to the new primary. */
    public database: TestDatabase,
    readonly cas: RunningSandbox,
    private ownPostgres: RunningPostgres | undefined,
    public redis: RunningRedis | undefined,
  ) {}

  static async start(options: TestDeploymentOptions): Promise<TestDeployment> {
    const directory = mkdtempSync(join(tmpdir(), 'watchtogether-world-'));
    chmodSync(directory, 0o711);
    const { casLatencyMs, tokenTtlS, databaseUrl } = options;
    const [cas, redis, own] = await Promise.all([
      startCasSandbox({ latencyMs: casLatencyMs ?? 20, tokenTtlS: tokenTtlS ?? 7200 }),
      options.queue === 'redis' ? TestDeployment.redis(options, directory, await freePort()) : undefined,
      options.ownPostgres === true ? TestDeployment.postgres(directory, await freePort()) : undefined,
    ]);
    const ownUrl = own?.url ?? databaseUrl;
    const database = ownUrl === undefined ? await cloneDatabase() : connectDatabase(ownUrl);
    const deployment = new TestDeployment(options, directory, database, cas, own, redis);
    try {
      if (ownUrl !== undefined) await deployment.migrate();
      const starting = [
        ...Array.from({ length: options.workers ?? 1 }, () => deployment.startWorker()),
        ...Array.from({ length: options.gateways ?? 1 }, () => deployment.startGateway()),
      ];
      await Promise.all(starting);
    } catch (error) {
      await deployment.end().catch(() => undefined);
      throw error;
    }
    return deployment;
  }

  /** (Re)starts a Postgres on its own data directory. */
  static postgres(directory: string, port: number): Promise<RunningPostgres> {
    return startPostgres({
      dataDir: join(directory, 'pg'),
      port,
      noSync: true,
      database: 'watchtogether',
      settings: { max_connections: 150 },
    });
  }

  private static redis(
    { redisPassword: password }: TestDeploymentOptions,
    dir: string,
    port: number,
    args: string[] = [],
  ) {
    return startRedis({ port, dir, args, ...(password !== undefined && { password }) });
  }

  /** What every process of this deployment is told. */
  environment(extra: Record<string, string> = {}): Record<string, string> {
    return {
      NODE_ENV: 'test',
      DATABASE_URL: this.database.url,
      ...(this.redis !== undefined && { REDIS_URL: this.redis.url }),
      TOKEN_ENCRYPTION_KEYS: this.sealingKeys,
      OPS_PORT: '0',
      ...QUICK,
      ...this.options.env,
      ...extra,
    };
  }

  gatewayEnvironment(extra: Record<string, string> = {}): Record<string, string> {
    return { ...this.environment(), PORT: '0', HOST: '127.0.0.1', BOOTSTRAP_API_KEY: this.apiKey, ...extra };
  }

  workerEnvironment(extra: Record<string, string> = {}): Record<string, string> {
    const { url, apiKey, apiSecret } = this.cas;
    return { ...this.environment(), CAS_URL: url, CAS_API_KEY: apiKey, CAS_API_SECRET: apiSecret, ...extra };
  }

  async startGateway(extra: Record<string, string> = {}): Promise<Process> {
    const gateway = new Process('gateway', this.gatewayEnvironment(extra));
    const n = this.gateways.push(gateway) - 1;
    await gateway.waitUntilUp();
    this.clients[n] = new Client(gateway.url, this.apiKey);
    return gateway;
  }

  async startWorker(extra: Record<string, string> = {}): Promise<Process> {
    const worker = new Process('worker', this.workerEnvironment(extra));
    this.workers.push(worker);
    return worker.waitUntilUp();
  }

  /** A process that is not expected to come up, or not yet. */
  launch(app: 'gateway' | 'worker', extra: Record<string, string> = {}): Process {
    const env = app === 'gateway' ? this.gatewayEnvironment(extra) : this.workerEnvironment(extra);
    const launched = new Process(app, env);
    this.others.push(launched);
    return launched;
  }

  /** A client of the newest gateway, or of the n-th one. */
  client(n = this.clients.length - 1): Client {
    const client = this.clients[n];
    if (client === undefined) throw new Error(`there is no gateway ${n}`);
    return client;
  }

  get gateway(): Process {
    return last(this.gateways);
  }

  get worker(): Process {
    return last(this.workers);
  }

  async migrate(): Promise<void> {
    const run = new Process('cli', { NODE_ENV: 'test', DATABASE_URL: this.database.url }, ['migrate']);
    const { code } = await run.exited;
    if (code !== 0) throw new Error(run.everything());
  }

  /** Only for a deployment with a Postgres of its own. */
  async stopPostgres(mode: 'fast' | 'immediate' | 'crash'): Promise<void> {
    if (mode === 'crash') await this.ownPostgres?.crash();
    else await this.ownPostgres?.stop(mode);
  }

  async restartPostgres(): Promise<void> {
    const port = Number(new URL(this.database.url).port);
    this.ownPostgres = await TestDeployment.postgres(this.directory, port);
  }

  async stopRedis(): Promise<void> {
    await this.redis?.kill9();
  }

  async restartRedis(args: string[] = []): Promise<void> {
    const port = this.redis?.port ?? (await freePort());
    this.redis = await TestDeployment.redis(this.options, this.directory, port, args);
  }

  /** Ends everything; fails if a process left connections behind. */
  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()));
    await Promise.all([...this.gateways, ...this.workers, ...this.others].map((process) => process.end()));
    await this.cas.close();
    await this.redis?.stop();
    try {
      await this.database.drop();
    } finally {
      await this.ownPostgres?.stop('immediate');
      rmSync(this.directory, { recursive: true, force: true });
    }
  }
}

function last(processes: Process[]): Process {
  const process = processes.at(-1);
  if (process === undefined) throw new Error('there is no such process');
  return process;
}
