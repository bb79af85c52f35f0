// Starts the parts in order, waits for each, prints where everything is, and stops the parts in the opposite order.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST, PROJECT_NODE, ROOT, appEntry, localBin } from '../paths.mjs';
import { isFree } from '../ports.mjs';
import { modeOfParent, startPostgres, stopOrphan } from '../postgres.mjs';
import { waitUntil, whenParentDies } from '../processes.mjs';
import { run } from '../run.mjs';
import { ToolError, secondsSince, sleep, step } from '../steps.mjs';
import { loadEnvFile } from './env-file.mjs';
import { acquireLock } from './lock.mjs';
import { Part } from './part.mjs';
import { apiUrl, environmentsOf, makePlan, portsInUse } from './plan.mjs';
import { forgetRunning, writeRunning } from './running.mjs';
import { keptSecrets } from './secrets.mjs';
import { summary } from './summary.mjs';

/** Longer than the parts need to stop, since they use the database until then. */
const POSTGRES_GRACE_S = 12;
const PORTS_FREE_AFTER_KILL_MS = 15_000;
/** One Ctrl-C arrives twice: from the terminal, and passed on by npm. */
const SAME_KEY_PRESS_MS = 1000;
const MAX_POSTGRES_RESTARTS = 5;

class Launcher {
  constructor({ watch }) {
    this.watch = watch;
    this.everything = watch || process.env.LOG_TO_TERMINAL === 'on';
    this.startedAt = performance.now();
    this.plan = makePlan(process.env);
    // Of its own with --watch: builds and tests in other terminals replace dist/.
    this.buildDir = watch ? `${DIST}.dev-${this.plan.ports.gateway}` : DIST;
    this.parts = [];
    this.migration = new AbortController();
    this.stopped = undefined;
  }

  async run() {
    this.listenForSignals();
    const { plan } = this;
    mkdirSync(plan.dataDir, { recursive: true, mode: modeOfParent() });
    mkdirSync(plan.logDir, { recursive: true, mode: 0o700 });
    this.lock = await acquireLock(plan.dataDir);
    this.secrets = keptSecrets(plan);
    await this.clearTheWay();

    const databaseUrl = plan.given.DATABASE_URL ? undefined : await this.providePostgres();
    this.environments = environmentsOf(plan, process.env, { databaseUrl, secrets: this.secrets });
    await this.step('migrate', () => this.migrate());
    const { ports, logDir } = plan;
    const opsUrls = [ports.gatewayOps, ports.workerOps].map((port) => `http://127.0.0.1:${port}`);
    writeRunning(plan.dataDir, this.environments.worker, { opsUrls, logDir });
    if (this.watch) await this.step('build, and again after each change', () => this.watchBuild());
    await this.startApps();
    const { secrets, postgres, startedAt } = this;
    process.stdout.write(summary({ plan, env: process.env, secrets, postgres, startedAt }));
    for (const part of this.parts) void part.keepRunning((reason) => this.end(1, reason));
  }

  /** A step that is not started once the launcher is stopping. */
  step(name, work) {
    if (this.stopped) throw new Interrupted();
    return step(name, work);
  }

  /** What a killed launcher has left behind ends within seconds; a port that stays taken is the user's to free. */
  async clearTheWay() {
    const { plan, lock } = this;
    if (!plan.given.DATABASE_URL) await stopOrphan(plan.postgresDir);
    const taken = async () => {
      const wanted = portsInUse(plan);
      const free = await Promise.all(
        wanted.map(({ port, host }) => isFree(port, host).catch(cannotListen(port, host))),
      );
      return wanted.filter((_, index) => !free[index]);
    };
    const timeoutMs = lock.tookOver ? PORTS_FREE_AFTER_KILL_MS : 0;
    if (await waitUntil(async () => (await taken()).length === 0, { timeoutMs, everyMs: 200 })) return;
    const list = (await taken()).map(({ port, part }) => `Port ${port} is taken (${part}).`);
    throw new ToolError(`${list.join('\n')}\nPORT=… moves all of them: PORT=4000 npm start uses 4000 to 4004.`);
  }

  async providePostgres() {
    const launch = () =>
      startPostgres({
        dataDir: this.plan.postgresDir,
        port: this.plan.ports.postgres,
        database: 'watchtogether',
        logFile: join(this.plan.logDir, 'postgres.log'),
        graceSeconds: POSTGRES_GRACE_S,
      });
    await this.step('Postgres', () => this.launchPostgres(launch));
    void this.keepPostgresRunning(launch);
    return this.postgres.url;
  }

  /** Kept as a promise, since stopping has to wait until there is a server to stop. */
  async launchPostgres(launch) {
    this.launchingPostgres = launch();
    this.postgres = await this.launchingPostgres;
  }

  async keepPostgresRunning(launch) {
    for (let restarts = 0; ; restarts += 1) {
      const reason = await this.postgres.exited;
      if (this.stopped) return;
      if (restarts >= MAX_POSTGRES_RESTARTS) return void this.end(1, `Postgres ended ${restarts + 1} times`);
      console.log(`\n[postgres] ended (${reason}); starting it again; log: ${this.postgres.logFile}`);
      await sleep(1000);
      if (this.stopped) return;
      try {
        await this.launchPostgres(launch);
      } catch (error) {
        return void this.end(1, error.message);
      }
      console.log('[postgres] started again');
    }
  }

  async migrate() {
    const { code, output } = await run(PROJECT_NODE, [appEntry('cli'), 'migrate'], {
      cwd: ROOT,
      env: this.environments.migrate,
      detached: true,
      signal: this.migration.signal,
    });
    writeFileSync(join(this.plan.logDir, 'migrate.log'), output, { mode: 0o600 });
    if (code === 0) return;
    throw new ToolError(`The migration failed:\n${output.trim().split('\n').slice(-20).join('\n')}`);
  }

  /** The applications start after the first build; node --watch would restart them otherwise. */
  async watchBuild() {
    rmSync(this.buildDir, { recursive: true, force: true });
    const { projects } = JSON.parse(readFileSync(join(ROOT, 'nest-cli.json'), 'utf8'));
    const env = { ...process.env, BUILD_DIR: this.buildDir };
    const part = this.addPart('build', [localBin('nest'), 'build', '--all', '--watch'], env);
    const compiled = () => readFileSync(part.logFile, 'utf8').match(/ compiled /g)?.length ?? 0;
    const built = () => compiled() >= Object.keys(projects).length || !part.isRunning();
    await waitUntil(built, { timeoutMs: 30_000, everyMs: 100 });
    if (!part.isRunning()) throw part.error('nest build --watch ended');
  }

  addPart(name, args, env) {
    const part = new Part({ name, args, env, logDir: this.plan.logDir, everything: this.everything });
    this.parts.push(part);
    part.launch();
    return part;
  }

  async startApps() {
    const { ports, given } = this.plan;
    const apps = [
      { app: 'worker', name: 'worker', ready: `http://127.0.0.1:${ports.workerOps}/readyz` },
      // Not its ops port, which answers before the API does.
      { app: 'gateway', name: 'gateway', ready: `${apiUrl(this.plan)}/readyz` },
    ];
    if (!given.CAS) {
      apps.unshift({ app: 'cas-sandbox', name: 'sandbox', ready: `http://127.0.0.1:${ports.sandbox}/livez` });
    }
    if (this.stopped) throw new Interrupted();
    const options = this.watch ? ['--watch', '--watch-preserve-output'] : [];
    // All at once: each waits for its dependencies.
    const launched = apps.map(({ app, name, ready }) => {
      const args = [...options, appEntry(app, 'main', this.buildDir)];
      return { part: this.addPart(name, args, this.environments[name]), ready };
    });
    for (const { part, ready } of launched) {
      await this.step(part.name, () => part.waitUntilReady(ready)).catch((error) => {
        // With --watch the next change may fix it.
        if (!this.watch || !(error instanceof ToolError)) throw error;
        console.log(error.message);
      });
    }
  }

  // ---- stopping -----------------------------------------------------------------------------------------------------

  listenForSignals() {
    // The terminal may be closed first.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => this.onSignal());
    if (process.env.npm_lifecycle_event) whenParentDies(() => this.end(0, 'npm was killed; stopping'));
  }

  onSignal() {
    const now = performance.now();
    if (this.stopped === undefined) {
      this.firstSignalAt = now;
      void this.end(0, 'stopping');
    } else if (now - (this.firstSignalAt ?? now) > SAME_KEY_PRESS_MS) {
      console.log('stopping immediately');
      for (const part of this.parts) part.kill();
      void this.postgres?.stop('immediate');
    }
  }

  /** Stops everything once; further calls wait for it. */
  end(exitCode, reason) {
    this.stopped ??= this.stopEverything(exitCode, reason);
    return this.stopped;
  }

  async stopEverything(exitCode, reason) {
    const start = performance.now();
    const anything = this.parts.length > 0 || this.launchingPostgres !== undefined;
    if (anything) console.log(`\n${reason} …`);
    await Promise.all(this.parts.map((part) => part.stop()));
    this.migration.abort();
    try {
      await this.launchingPostgres?.catch(() => undefined);
      await this.postgres?.stop('fast');
    } catch (error) {
      console.log(error.message);
    }
    if (this.watch) rmSync(this.buildDir, { recursive: true, force: true });
    if (this.lock) forgetRunning(this.plan.dataDir);
    this.lock?.release();
    if (anything) console.log(`stopped after ${secondsSince(start)}`);
    process.exit(exitCode);
  }
}

class Interrupted extends Error {}

/** HOST may be an address that this machine does not have. */
function cannotListen(port, host) {
  return (error) => {
    throw new ToolError(`Cannot listen on ${host ?? '127.0.0.1'}:${port}: ${error.message}`);
  };
}

/** `watch`: rebuild and restart after each change of a source. */
export async function start(options) {
  const envFile = loadEnvFile();
  if (envFile) console.log(`  ${envFile}`);
  const launcher = new Launcher(options);
  try {
    await launcher.run();
  } catch (error) {
    // After a signal, steps fail because of it.
    if (!launcher.stopped) {
      console.error(`\n${error instanceof ToolError ? error.message : error.stack}`);
    }
    await launcher.end(1, 'the start failed; stopping what was started');
  }
}
